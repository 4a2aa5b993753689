// Products whose right side comes at run time: packed once per call where it is large, and the same bits as a constant one.
#include <array>
#include <random>

#include "runtime/program/text_program.hpp"

namespace {

struct Product {
  size_t m, k, n;
  std::vector<float> a, b, bias;
};

Product random_product(size_t m, size_t k, size_t n) {
  std::mt19937 random(static_cast<uint32_t>(m * 31 + k * 7 + n));
  std::uniform_real_distribution<float> real(-1, 1);
  Product p{m, k, n, std::vector<float>(m * k), std::vector<float>(k * n), std::vector<float>(n)};
  for (std::vector<float>* values : {&p.a, &p.b, &p.bias})
    for (float& value : *values) value = real(random);
  return p;
}

std::string shape(size_t rows, size_t columns) { return "f32[" + std::to_string(rows) + "," + std::to_string(columns) + "]"; }

// The product, and the bytes of scratch that its plan wants beyond those of a plan without.
std::vector<float> run(const Product& p, bool constant, size_t* out_scratch) {
  const TextProgram program("input a " + shape(p.m, p.k) + "\n" + (constant ? "constant b " : "input b ") + shape(p.k, p.n) +
                            (constant ? " = " + hex(p.b) : "") + "\nconstant v f32[" + std::to_string(p.n) + "] = " + hex(p.bias) + "\nlocal s " +
                            shape(p.m, p.n) + "\noutput y " + shape(p.m, p.n) + "\nmatmul s a b v\nelu y s\nhalt\n");
  const Planned plan(program, {});
  EXPECT_CONTAINS(plan.explain(), "+ elu on cpu");
  *out_scratch = ath_executable_scratch_bytes(plan.get());
  std::vector<float> y(p.m * p.n, -7);
  std::vector<const void*> inputs = {p.a.data()};
  if (!constant) inputs.push_back(p.b.data());
  EXPECT_OK(plan.run(inputs, {y.data()}));
  return y;
}

}  // namespace

TEST(packed_at_run_time_gives_the_bits_of_packed_before) {
  for (const auto& [m, k, n] : {std::array<size_t, 3>{256, 300, 400}, std::array<size_t, 3>{300, 257, 333}, std::array<size_t, 3>{1000, 700, 130}, std::array<size_t, 3>{260, 1100, 90}, std::array<size_t, 3>{64, 300, 400}, std::array<size_t, 3>{300, 40, 50}}) {
    const Product p = random_product(m, k, n);
    size_t before = 0, now = 0;
    const std::vector<float> constant = run(p, true, &before), computed = run(p, false, &now);
    EXPECT(constant == computed);
    const bool large = m >= 256 && k * n > (80 << 10);
    EXPECT_EQ(now >= before + k * n * sizeof(float), large);
    if (!large) EXPECT_EQ(now, before);
  }
}

EXPECT_MAIN

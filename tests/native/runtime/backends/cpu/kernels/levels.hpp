// The levels this CPU can run, and seeded inputs for them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <vector>

#include "base/cpu.hpp"
#include "expect.hpp"
#include "table.hpp"

namespace kernels_test {

using namespace atheria::kernels;

inline std::vector<const KernelTable*> levels() {
  std::vector<const KernelTable*> list{baseline_table()};
  const atheria::CpuLevel machine = atheria::cpu_level_of(atheria::cpu_facts());
  if (machine != atheria::CpuLevel::neon) {
    if (avx2_table() && machine >= atheria::CpuLevel::avx2) list.push_back(avx2_table());
    if (avx512_table() && machine >= atheria::CpuLevel::avx512) list.push_back(avx512_table());
  }
  return list;
}

// splitmix64: the same inputs everywhere.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int64_t size(int64_t least, int64_t most) { return least + static_cast<int64_t>(next() % (most - least + 1)); }
  bool flip() { return next() & 1; }
  float real(float least = -1.0f, float most = 1.0f) {
    return least + (most - least) * static_cast<float>(next() >> 40) * 0x1p-24f;
  }
  std::vector<float> reals(int64_t n, float least = -1.0f, float most = 1.0f) {
    std::vector<float> v(static_cast<size_t>(n));
    for (float& x : v) x = real(least, most);
    return v;
  }

 private:
  uint64_t state_;
};

// Guard values round an output show writes outside it.
constexpr float kGuard = -12345.678f;

inline bool same_bits(const float* a, const float* b, int64_t n) {
  return n == 0 || std::memcmp(a, b, n * sizeof(float)) == 0;
}

inline double activation_of(Activation activation, double x, double alpha) {
  switch (activation) {
    case Activation::none: return x;
    case Activation::relu: return x > 0 ? x : 0;
    case Activation::elu: return x > 0 ? x : alpha * std::expm1(x);
    case Activation::sigmoid: return 1 / (1 + std::exp(-x));
    case Activation::tanh: return std::tanh(x);
    case Activation::gelu: return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Activation::gelu_tanh: return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
    case Activation::silu: return x / (1 + std::exp(-x));
  }
  return x;
}

}  // namespace kernels_test

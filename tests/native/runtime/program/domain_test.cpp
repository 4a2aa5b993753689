// Bounded domains: a patch that reaches beyond the edge, computed with masks, equals the whole domain computed with zero padding.
#include "text_program.hpp"

#include <random>

namespace {

constexpr int kC = 4, kR = 3;

std::string weights(int k, int cin, int cout, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> values(size_t(k * k * cin * cout));
  for (float& value : values) value = std::uniform_real_distribution<float>(-0.4f, 0.4f)(random);
  return hex(values);
}

// Three layers with biases, so that what lies outside does not stay zero by itself; a 1x1 and an addition between.
std::string law(bool padded) {
  const auto shape = [&](int layer) {
    return padded || !layer ? std::string("f32[B,H,W,4]") : "f32[B,H-" + std::to_string(2 * layer) + ",W-" + std::to_string(2 * layer) + ",4]";
  };
  return "input x " + shape(0) + "\nconstant w1 f32[3,3,4,4] = " + weights(3, 4, 4, 1) + "\nconstant w2 f32[3,3,4,4] = " + weights(3, 4, 4, 2) +
         "\nconstant w3 f32[3,3,4,4] = " + weights(3, 4, 4, 3) + "\nconstant p f32[1,1,4,4] = " + weights(1, 4, 4, 4) + "\nconstant b f32[4] = " +
         hex({0.5f, -0.25f, 1.0f, 0.125f}) + "\nlocal a f32" + shape(1).substr(3) + "\nlocal e " + shape(1) + "\nlocal q " + shape(1) + "\nlocal s " + shape(1) +
         "\nlocal c " + shape(2) + "\nlocal g " + shape(2) + "\noutput y " + shape(3) +
         "\nconv2d a x w1 b\nelu e a\nconv2d q e p b\nadd s q b\nconv2d c s w2 b\ntanh g c\nconv2d y g w3 b\nhalt\n";
}

}  // namespace

TEST(patches_of_a_bounded_domain_are_the_whole) {
  constexpr int kHeight = 10, kWidth = 7;
  std::mt19937 random(9);
  std::vector<float> world(kHeight * kWidth * kC), wanted(world.size());
  for (float& value : world) value = std::uniform_real_distribution<float>(-1, 1)(random);
  const TextProgram whole(law(true)), patch(law(false));
  EXPECT_OK(Planned(whole, {{'B', 1}, {'H', kHeight}, {'W', kWidth}}).run({world.data()}, {wanted.data()}));

  // Patches of 4x4 results over all the domain and beyond it, in batches of three.
  constexpr int kSide = 4, kPatch = kSide + 2 * kR, kBatch = 3;
  const Planned plan(patch, {{'B', kBatch}, {'H', kPatch}, {'W', kPatch}});
  std::vector<std::pair<int, int>> origins;
  for (int y = -4; y < kHeight + 4; y += 3)
    for (int x = -5; x < kWidth + 4; x += 2) origins.push_back({y, x});
  while (origins.size() % kBatch) origins.push_back({0, 0});
  int compared = 0;
  for (size_t first = 0; first < origins.size(); first += kBatch) {
    std::vector<float> in(kBatch * kPatch * kPatch * kC, 0.0f), out(kBatch * kSide * kSide * kC);
    std::vector<ath_rectangle> domains;
    for (int i = 0; i < kBatch; ++i) {
      const auto [oy, ox] = origins[first + size_t(i)];
      // The patch's input begins at (oy - r, ox - r).
      domains.push_back({kR - oy, kR - ox, kR - oy + kHeight, kR - ox + kWidth});
      for (int y = 0; y < kPatch; ++y)
        for (int x = 0; x < kPatch; ++x) {
          const int wy = oy - kR + y, wx = ox - kR + x;
          if (wy < 0 || wx < 0 || wy >= kHeight || wx >= kWidth) continue;
          std::memcpy(&in[size_t((i * kPatch + y) * kPatch + x) * kC], &world[size_t(wy * kWidth + wx) * kC], kC * 4);
        }
    }
    EXPECT_OK(plan.run({in.data()}, {out.data()}, domains));
    for (int i = 0; i < kBatch; ++i)
      for (int y = 0; y < kSide; ++y)
        for (int x = 0; x < kSide; ++x) {
          const int wy = origins[first + size_t(i)].first + y, wx = origins[first + size_t(i)].second + x;
          if (wy < 0 || wx < 0 || wy >= kHeight || wx >= kWidth) continue;
          ++compared;
          for (int c = 0; c < kC; ++c)
            if (!EXPECT_EQ(out[size_t((i * kSide + y) * kSide + x) * kC + size_t(c)], wanted[size_t(wy * kWidth + wx) * kC + size_t(c)])) return;
        }
  }
  EXPECT(compared > 150);
}

TEST(what_has_no_place_for_a_mask_is_refused) {
  const TextProgram circular("input x f32[B,H,W,4]\nlocal a f32[B,H,W,4]\nconstant w f32[3,3,4,4] = " + weights(3, 4, 4, 1) +
                             "\noutput y f32[B,H,W,4]\nrelu a x\nattr 0 0 1 0\nconv2d y a w\nhalt\n");
  std::vector<float> x(6 * 6 * 4), y(x.size());
  const Planned plan(circular, {{'B', 1}, {'H', 6}, {'W', 6}});
  EXPECT_OK(plan.run({x.data()}, {y.data()}));
  EXPECT_STATUS(plan.run({x.data()}, {y.data()}, {{0, 0, 6, 6}}), ATH_UNSUPPORTED);
  EXPECT_CONTAINS(ath_status_message(), "op 2 conv2d pads in a circle");
  const TextProgram plain("input x f32[B,H,W,4]\noutput y f32[B,H,W,4]\nrelu y x\nhalt\n");
  const Planned two(plain, {{'B', 2}, {'H', 3}, {'W', 6}});
  EXPECT_STATUS(two.run({x.data()}, {y.data()}, {{0, 0, 6, 6}}), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "1 domains given; the batch is 2");
}

EXPECT_MAIN

// Philox4x32-10 against Random123's published vectors, in every lane; the frozen words of the vacuum's definition.
#include "philox.hpp"

#include "../expect.hpp"

using namespace atheria::engine;

namespace {

struct Known {
  uint32_t counter[4];
  uint64_t key;
  uint32_t words[4];
};

// kat_vectors of Random123, and tests/python/atheria/reference/vacuum_test.py for the last two.
const Known kKnown[] = {
    {{0, 0, 0, 0}, 0, {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}},
    {{~0u, ~0u, ~0u, ~0u}, ~0ull, {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}},
    {{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, 0x299F31D0A4093822ull, {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}},
    {{3, static_cast<uint32_t>(-2), 5, 11}, (uint64_t{1} << 40) + 9, {0xD706EE6E, 0xA24B6903, 0xE82F55BE, 0x27445B45}},
    {{3, static_cast<uint32_t>(-2), 5 | 1 << 24, 11}, (uint64_t{1} << 40) + 9, {0xE84AFE3E, 0x3380A7C7, 0xF14B2C64, 0x76A94CA0}},
};

}  // namespace

TEST(published_vectors_in_every_lane_and_version) {
  PhiloxVersion versions[3];
  const int count = philox_versions(versions);
  for (int version = 0; version < count; ++version) {
    for (const Known& known : kKnown) {
      for (int lane = 0; lane < kPhiloxLanes; ++lane) {
        uint32_t x[kPhiloxLanes], y[kPhiloxLanes], words[4][kPhiloxLanes];
        for (int i = 0; i < kPhiloxLanes; ++i) {
          x[i] = i == lane ? known.counter[0] : 77u * static_cast<uint32_t>(i);
          y[i] = i == lane ? known.counter[1] : ~static_cast<uint32_t>(i);
        }
        versions[version].run(x, y, known.counter[2], known.counter[3], known.key, words);
        for (int j = 0; j < 4; ++j) {
          if (!EXPECT_EQ(words[j][lane], known.words[j])) std::fprintf(stderr, "  version %s, lane %d\n", versions[version].name, lane);
        }
      }
    }
  }
}

EXPECT_MAIN

// Scratch layout: never an overlap in time and place, and not much more than the most that lives at once.
#include "program/scratch.hpp"

#include <algorithm>
#include <new>
#include <random>

#include "expect.hpp"

using namespace atheria;

namespace {

size_t check(const std::vector<Lifetime>& lives) {
  const ScratchLayout layout = lay_out(lives);
  size_t most = 0;
  for (size_t i = 0; i < lives.size(); ++i) {
    EXPECT_EQ(layout.offsets[i] % 64, 0u);
    EXPECT(layout.offsets[i] + lives[i].bytes <= layout.bytes);
    for (size_t j = 0; j < i; ++j) {
      const bool together = lives[i].first <= lives[j].last && lives[j].first <= lives[i].last;
      const bool overlap = layout.offsets[i] < layout.offsets[j] + lives[j].bytes && layout.offsets[j] < layout.offsets[i] + lives[i].bytes;
      if (together && overlap && !EXPECT(false)) return 0;
    }
    size_t now = 0;
    for (const Lifetime& other : lives)
      if (other.first <= lives[i].first && other.last >= lives[i].first) now += (other.bytes + 63) / 64 * 64;
    most = std::max(most, now);
  }
  EXPECT(layout.bytes >= most);
  EXPECT(layout.bytes <= 2 * most);
  return layout.bytes;
}

}  // namespace

TEST(a_chain_needs_two_places) {
  std::vector<Lifetime> chain;
  for (size_t i = 0; i < 20; ++i) chain.push_back({i, i + 1, 1000});
  EXPECT_EQ(check(chain), 2u * 1024u);
}

TEST(random_lives) {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    std::vector<Lifetime> lives;
    size_t first = 0;
    for (int i = 0; i < 30; ++i) {
      first += random() % 2;
      lives.push_back({first, first + random() % 6, 1 + random() % 5000});
    }
    check(lives);
  }
}

TEST(sums_that_do_not_fit_are_told) {
  bool thrown = false;
  try {
    lay_out({{0, 9, PTRDIFF_MAX / 2}, {1, 9, PTRDIFF_MAX / 2}, {2, 9, PTRDIFF_MAX / 2}});
  } catch (const std::bad_alloc&) {
    thrown = true;
  }
  EXPECT(thrown);
  EXPECT_EQ(lay_out({}).bytes, 0u);
}

EXPECT_MAIN

// The tile map against std::unordered_map, keys, and the radix sort against std::sort.
#include "tile_map.hpp"

#include <algorithm>
#include <random>
#include <unordered_map>
#include <vector>

#include "../expect.hpp"
#include "morton_order.hpp"
#include "tile_key.hpp"

using namespace atheria::engine;

TEST(map_agrees_with_unordered_map) {
  std::mt19937_64 random(1);
  TileMap map;
  std::unordered_map<uint64_t, uint32_t> judge;
  // Few distinct keys, so that insertions, erasures and clusters meet often; phases grow and shrink the map.
  for (int i = 0; i < 400000; ++i) {
    const bool growing = (i / 20000) % 2 == 0;
    const uint64_t key = random() % 6000;
    const auto found = judge.find(key);
    EXPECT_EQ(map.find(key), found == judge.end() ? kNoTile : found->second);
    if (found == judge.end() && (growing || random() % 4 == 0)) {
      map.insert(key, static_cast<uint32_t>(i));
      judge[key] = static_cast<uint32_t>(i);
      EXPECT(map.capacity() >= 2 * map.size());
    } else if (found != judge.end() && (!growing || random() % 4 == 0)) {
      map.erase(key);
      judge.erase(found);
    }
    if (expect::failures != 0) return;
  }
  EXPECT_EQ(map.size(), judge.size());
  for (uint64_t key = 0; key < 6000; ++key) {
    const auto found = judge.find(key);
    EXPECT_EQ(map.find(key), found == judge.end() ? kNoTile : found->second);
  }
  const size_t capacity = map.capacity();
  map.clear();
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.find(5), kNoTile);
  EXPECT_EQ(map.capacity(), capacity);
}

TEST(keys_are_distinct_and_ordered_by_plane_then_morton) {
  const int64_t far = kTileBias;
  const std::vector<int64_t> axis{-far, -far + 1, -5, -1, 0, 1, 7, far - 2, far - 1};
  std::vector<uint64_t> keys;
  for (const int64_t z : axis) {
    for (const int64_t y : axis) {
      for (const int64_t x : axis) keys.push_back(tile_key({static_cast<int32_t>(x), static_cast<int32_t>(y), static_cast<int32_t>(z)}));
    }
  }
  std::vector<uint64_t> sorted = keys;
  std::sort(sorted.begin(), sorted.end());
  EXPECT(std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end());
  EXPECT(tile_key({9, 9, 0}) < tile_key({-9, -9, 1}));
  // Within a plane, bit by bit: x below y.
  for (int32_t y = 0; y < 8; ++y) {
    for (int32_t x = 0; x < 8; ++x) {
      uint64_t morton = 0;
      for (int bit = 0; bit < 3; ++bit) morton |= uint64_t((x >> bit) & 1) << (2 * bit) | uint64_t((y >> bit) & 1) << (2 * bit + 1);
      EXPECT_EQ(tile_key({x, y, 0}) - tile_key({0, 0, 0}), morton);
    }
  }
}

TEST(radix_sort_agrees_with_std_sort) {
  std::mt19937_64 random(2);
  std::vector<KeyedSlot> scratch;
  for (const size_t count : {0, 1, 2, 31, 32, 33, 100, 5000}) {
    for (int kind = 0; kind < 4; ++kind) {
      std::vector<KeyedSlot> items;
      for (uint32_t i = 0; i < count; ++i) {
        uint64_t key = random();
        if (kind == 1) key = tile_key({static_cast<int32_t>(key % 64) - 32, static_cast<int32_t>(key / 64 % 64) - 32, 0});
        if (kind == 2) key = i;           // already sorted
        if (kind == 3) key = (key & 1) << 63 | (key & 2);  // few, far-apart bits, and ties
        items.push_back({key, i});
      }
      std::vector<KeyedSlot> judge = items;
      std::stable_sort(judge.begin(), judge.end(), [](const KeyedSlot& a, const KeyedSlot& b) { return a.key < b.key; });
      sort_by_key(items, scratch);
      bool same = items.size() == judge.size();
      for (size_t i = 0; i < items.size() && same; ++i) same = items[i].key == judge[i].key && items[i].slot == judge[i].slot;
      EXPECT(same);
    }
  }
}

EXPECT_MAIN

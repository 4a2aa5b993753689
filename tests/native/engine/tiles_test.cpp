// Tiles: links, order and memory through many additions and sweeps.
#include "tiles.hpp"

#include <cstdlib>
#include <map>
#include <new>
#include <random>
#include <set>

#include "../expect.hpp"

using namespace atheria::engine;

namespace {
size_t allocations = 0;
}

// Counts, so that a promise to allocate nothing can be held against it.
void* operator new(size_t bytes) {
  ++allocations;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }

namespace {

void check_links(const Tiles& tiles, const Domain& domain) {
  uint64_t last = 0;
  bool first = true;
  for (const KeyedSlot& item : tiles.order()) {
    const Tile& tile = tiles[item.slot];
    EXPECT_EQ(tile.key, item.key);
    EXPECT(first || item.key > last);
    first = false;
    last = item.key;
    for (int dy = -1; dy <= 1; ++dy) {
      for (int dx = -1; dx <= 1; ++dx) {
        const int64_t x = domain.x.neighbour(tile.coord.x, dx), y = domain.y.neighbour(tile.coord.y, dy);
        const bool in_range = tile_axis_in_range(x) && tile_axis_in_range(y);
        const uint32_t expected = in_range ? tiles.find({static_cast<int32_t>(x), static_cast<int32_t>(y), tile.coord.z}) : kNoTile;
        EXPECT_EQ(tile.neighbours[neighbour_number(dx, dy)], expected);
      }
    }
  }
  EXPECT_EQ(tiles.order().size(), tiles.size());
}

}  // namespace

TEST(links_and_order_survive_additions_and_sweeps) {
  for (const int64_t extent : {int64_t{0}, int64_t{16}, int64_t{32}, int64_t{96}}) {
    const ath_domain kind = extent == 0 ? ATH_DOMAIN_INFINITE : ATH_DOMAIN_PERIODIC;
    const Domain domain{Axis(kind, extent), Axis(kind, extent)};
    Tiles tiles(domain, 4, true);
    std::mt19937 random(5);
    std::set<uint64_t> judge;
    size_t reserved = 0;
    for (int round = 0; round < 60; ++round) {
      for (int i = 0; i < 12; ++i) {
        const int32_t side = extent == 0 ? 9 : static_cast<int32_t>(extent / 16);
        const int32_t shift = extent == 0 ? (round % 2 == 0 ? -4 : static_cast<int32_t>(kTileBias) - 9) : 0;
        const TileCoord coord{shift + static_cast<int32_t>(random() % side), static_cast<int32_t>(random() % side), static_cast<int32_t>(random() % 2)};
        uint32_t slot;
        EXPECT_OK(tiles.find_or_add(coord, &slot));
        EXPECT_EQ(tiles.find(coord), slot);
        EXPECT(reinterpret_cast<uintptr_t>(tiles[slot].state[0]) % 64 == 0 && reinterpret_cast<uintptr_t>(tiles[slot].state[1]) % 64 == 0);
        const bool is_new = judge.insert(tile_key(coord)).second;
        EXPECT(!is_new || (tiles[slot].active.empty() && tiles[slot].candidates.empty() && tiles[slot].background_time == ~0ull));
        tiles[slot].active = tiles[slot].candidates = CellMask::full();
        tiles[slot].background_time = 5;
      }
      if (round % 3 == 2) {
        const uint32_t salt = random();
        const auto keep = [&](const Tile& tile) { return ((tile.key * 0x9E3779B97F4A7C15ull + salt) >> 40) % 3 == 0; };
        std::erase_if(judge, [&](uint64_t key) {
          Tile tile;
          tile.key = key;
          return !keep(tile);
        });
        tiles.sweep(keep);
      }
      tiles.sort();
      check_links(tiles, domain);
      EXPECT_EQ(tiles.size(), judge.size());
      for (const KeyedSlot& item : tiles.order()) EXPECT(judge.count(item.key) == 1);
      if (round == 20) reserved = tiles.reserved_bytes();
      if (round > 20) EXPECT_EQ(tiles.reserved_bytes(), reserved);  // slots are used again
      if (expect::failures != 0) return;
    }
    tiles.clear();
    EXPECT_EQ(tiles.size(), 0u);
    EXPECT_EQ(tiles.reserved_bytes(), 0u);
    uint32_t slot;
    EXPECT_OK(tiles.find_or_add({0, 0, 0}, &slot));
    check_links(tiles, domain);
  }
}

TEST(sorting_allocates_nothing_and_is_right_for_few_and_many) {
  const Domain domain{Axis(ATH_DOMAIN_INFINITE, 0), Axis(ATH_DOMAIN_INFINITE, 0)};
  std::mt19937 random(11);
  Tiles tiles(domain, 2, false);
  for (const int added : {1, 2, 40, 1, 3, 500, 1, 60, 61, 7, 1000, 3}) {
    uint32_t slot;
    for (int i = 0; i < added; ++i) {
      EXPECT_OK(tiles.find_or_add({static_cast<int32_t>(random() % 64) - 32, static_cast<int32_t>(random() % 64) - 32, static_cast<int32_t>(random() % 3) - 1}, &slot));
    }
    const size_t before = allocations;
    tiles.sort();
    EXPECT_EQ(allocations, before);
    EXPECT_EQ(tiles.order().size(), tiles.size());
    for (size_t i = 0; i < tiles.order().size(); ++i) {
      const KeyedSlot& item = tiles.order()[i];
      EXPECT_EQ(tiles[item.slot].key, item.key);
      if (i > 0 && !EXPECT(item.key > tiles.order()[i - 1].key)) return;
    }
  }
}

EXPECT_MAIN

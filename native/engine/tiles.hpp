// The tiles that exist: storage, index, neighbour links and canonical order. Knows nothing of laws or time.
#pragma once

#include <cstdint>
#include <vector>

#include "atheria/allocator.h"
#include "cell_mask.hpp"
#include "domain.hpp"
#include "morton_order.hpp"
#include "tile_map.hpp"

namespace atheria::engine {

// Neighbour (dx, dy) of a tile is number (dy + 1) * 3 + (dx + 1); 4 is the tile itself.
inline constexpr int neighbour_number(int dx, int dy) { return (dy + 1) * 3 + (dx + 1); }

struct Tile {
  uint64_t key = 0;
  TileCoord coord;
  // Two states, swapped at every step, [16][16][channels]. A tile without active cells is background whatever they hold; one with active cells
  // holds the background in its other cells (fluctuating: since the last refresh).
  float* state[2] = {nullptr, nullptr};
  float* background = nullptr;         // [16][16][channels]; null for the zero background
  uint64_t background_time = ~0ull;    // of what `background` holds; ~0: nothing yet
  uint32_t neighbours[9] = {};         // slots, kNoTile where absent; valid in regular domains
  CellMask active;                     // A
  CellMask candidates;                 // C of the step under way
  CellMask next;                       // A' of the step under way
};

class Tiles {
 public:
  // `channels` 2d floats a cell.
  Tiles(const Domain& domain, uint32_t channels, bool with_background);
  ~Tiles();
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;

  uint32_t find(const TileCoord& coord) const { return map_.find(tile_key(coord)); }
  // The tile, made if it is missing (without active cells, contents undefined). ATH_OUT_OF_MEMORY leaves all as it was. References to
  // tiles end here: keep slots.
  ath_status find_or_add(const TileCoord& coord, uint32_t* out_slot);
  Tile& operator[](uint32_t slot) { return tiles_[slot]; }
  const Tile& operator[](uint32_t slot) const { return tiles_[slot]; }

  size_t size() const { return map_.size(); }
  // Slots by rising key, if sort() was called after the last additions. Whoever adds tiles sorts them before it ends, so that many
  // threads may read what stands.
  const std::vector<KeyedSlot>& order() const { return order_; }
  // Allocates nothing.
  void sort() noexcept;
  // Removes the tiles for which `keep` is false.
  template <class Keep>
  void sweep(Keep keep) {
    sort();
    size_t kept = 0;
    for (size_t i = 0; i < order_.size(); ++i) {
      if (keep(tiles_[order_[i].slot])) {
        order_[kept++] = order_[i];
      } else {
        remove(order_[i].slot);
      }
    }
    order_.resize(kept);
    sorted_ = kept;
  }
  void clear();  // and gives all memory of states back

  uint32_t channels() const { return channels_; }
  size_t tile_floats() const { return static_cast<size_t>(kTileCells) * channels_; }
  // Bytes taken from the system for states; a plateau in a long run.
  size_t reserved_bytes() const;

 private:
  ath_status allocate_states(Tile& tile);
  void link(uint32_t slot);
  void remove(uint32_t slot);

  Domain domain_;
  bool regular_;
  bool with_background_;
  uint32_t channels_;
  ath_arena* arena_ = nullptr;  // only ever grows to the high-water mark; slots are reused with their memory
  std::vector<Tile> tiles_;
  std::vector<uint32_t> free_;
  TileMap map_;
  std::vector<KeyedSlot> order_, order_scratch_;  // of one capacity
  size_t sorted_ = 0;                             // so many of `order_` are in order
};

// Sorts the tiles when its scope ends, however it ends.
class SortAtEnd {
 public:
  explicit SortAtEnd(Tiles& tiles) : tiles_(tiles) {}
  ~SortAtEnd() { tiles_.sort(); }
  SortAtEnd(const SortAtEnd&) = delete;
  SortAtEnd& operator=(const SortAtEnd&) = delete;

 private:
  Tiles& tiles_;
};

}  // namespace atheria::engine

// Slots of tiles: reused after removal, linked with their neighbours, sorted when additions end.
#include "tiles.hpp"

#include <algorithm>

namespace atheria::engine {
namespace {
constexpr size_t kChunkBytes = size_t{4} << 20;  // two huge pages
constexpr size_t kFewAdded = 8;                   // an eighth of all tiles
}

Tiles::Tiles(const Domain& domain, uint32_t channels, bool with_background)
    : domain_(domain), regular_(domain.is_regular()), with_background_(with_background), channels_(channels) {}

Tiles::~Tiles() { ath_arena_destroy(arena_); }

ath_status Tiles::allocate_states(Tile& tile) {
  if (arena_ == nullptr) {
    const ath_status status = ath_arena_create(std::max(kChunkBytes, 4 * tile_floats() * sizeof(float)), 0, &arena_);
    if (status != ATH_OK) return status;
  }
  const size_t buffers = with_background_ ? 3 : 2;
  void* memory = nullptr;
  const ath_status status = ath_arena_allocate(arena_, buffers * tile_floats() * sizeof(float), &memory);
  if (status != ATH_OK) return status;
  float* floats = static_cast<float*>(memory);
  tile.state[0] = floats;
  tile.state[1] = floats + tile_floats();
  tile.background = with_background_ ? floats + 2 * tile_floats() : nullptr;
  return ATH_OK;
}

ath_status Tiles::find_or_add(const TileCoord& coord, uint32_t* out_slot) {
  const uint64_t key = tile_key(coord);
  uint32_t slot = map_.find(key);
  if (slot != kNoTile) {
    *out_slot = slot;
    return ATH_OK;
  }
  // What may throw or fail comes before anything is changed; reserve() grows by doubling, so that a run of additions stays linear.
  if (order_.size() == order_.capacity() || order_.size() >= order_scratch_.capacity()) {
    const size_t room = order_.size() * 2 + 16;
    order_.reserve(room);
    order_scratch_.reserve(room);
  }
  if (free_.empty()) {
    Tile tile;
    const ath_status status = allocate_states(tile);
    if (status != ATH_OK) return status;
    tiles_.push_back(tile);
    free_.reserve(tiles_.capacity());
    free_.push_back(static_cast<uint32_t>(tiles_.size() - 1));
  }
  slot = free_.back();
  map_.insert(key, slot);
  free_.pop_back();
  Tile& tile = tiles_[slot];
  tile.key = key;
  tile.coord = coord;
  tile.background_time = ~0ull;
  tile.active = tile.candidates = tile.next = CellMask{};
  if (sorted_ == order_.size() && (order_.empty() || order_.back().key < key)) ++sorted_;
  order_.push_back({key, slot});
  if (regular_) link(slot);
  *out_slot = slot;
  return ATH_OK;
}

void Tiles::link(uint32_t slot) {
  Tile& tile = tiles_[slot];
  uint64_t keys_x[3], keys_y[3];
  bool exists_x[3], exists_y[3];
  for (int i = 0; i < 3; ++i) {
    const int64_t x = domain_.x.neighbour(tile.coord.x, i - 1), y = domain_.y.neighbour(tile.coord.y, i - 1);
    exists_x[i] = tile_axis_in_range(x);
    exists_y[i] = tile_axis_in_range(y);
    keys_x[i] = tile_key_x(x);
    keys_y[i] = tile_key_y(y);
  }
  const uint64_t plane = tile_key_z(tile.coord.z);
  const auto look_up = [&](int dx, int dy) {
    return exists_x[dx + 1] && exists_y[dy + 1] ? map_.find(plane | keys_y[dy + 1] | keys_x[dx + 1]) : kNoTile;
  };
  tile.neighbours[neighbour_number(0, 0)] = slot;
  for (const int step : {-1, 1}) {
    tile.neighbours[neighbour_number(step, 0)] = look_up(step, 0);
    tile.neighbours[neighbour_number(0, step)] = look_up(0, step);
  }
  // A side neighbour knows the corner already, unless it is this tile itself (a torus of one tile a side).
  for (const int dy : {-1, 1}) {
    for (const int dx : {-1, 1}) {
      const uint32_t side = tile.neighbours[neighbour_number(dx, 0)], other_side = tile.neighbours[neighbour_number(0, dy)];
      uint32_t corner;
      if (side != kNoTile && side != slot) {
        corner = tiles_[side].neighbours[neighbour_number(0, dy)];
      } else if (other_side != kNoTile && other_side != slot) {
        corner = tiles_[other_side].neighbours[neighbour_number(dx, 0)];
      } else {
        corner = look_up(dx, dy);
      }
      tile.neighbours[neighbour_number(dx, dy)] = corner;
    }
  }
  for (int number = 0; number < 9; ++number) {
    const uint32_t other = tile.neighbours[number];
    if (other != kNoTile) tiles_[other].neighbours[8 - number] = slot;
  }
}

void Tiles::remove(uint32_t slot) {
  Tile& tile = tiles_[slot];
  map_.erase(tile.key);
  if (regular_) {
    for (int number = 0; number < 9; ++number) {
      const uint32_t other = tile.neighbours[number];
      if (other != kNoTile) tiles_[other].neighbours[8 - number] = kNoTile;
    }
  }
  free_.push_back(slot);
}

void Tiles::sort() noexcept {
  const size_t added = order_.size() - sorted_;
  if (added > order_.size() / kFewAdded) {
    sort_by_key(order_, order_scratch_);
  } else if (added != 0) {
    // A few among many: sorted alone, then merged from the back, which moves only what lies behind them.
    std::sort(order_.begin() + static_cast<std::ptrdiff_t>(sorted_), order_.end(), [](const KeyedSlot& a, const KeyedSlot& b) { return a.key < b.key; });
    order_scratch_.assign(order_.begin() + static_cast<std::ptrdiff_t>(sorted_), order_.end());
    size_t old = sorted_, fresh = added;
    for (size_t to = order_.size(); fresh != 0;) {
      const bool moves = old != 0 && order_[old - 1].key > order_scratch_[fresh - 1].key;
      order_[--to] = moves ? order_[--old] : order_scratch_[--fresh];
    }
  }
  sorted_ = order_.size();
}

void Tiles::clear() {
  ath_arena_destroy(arena_);
  arena_ = nullptr;
  tiles_.clear();
  free_.clear();
  map_.clear();
  order_.clear();
  sorted_ = 0;
}

size_t Tiles::reserved_bytes() const { return arena_ == nullptr ? 0 : ath_arena_statistics(arena_).reserved_bytes; }

}  // namespace atheria::engine

// Open-addressing map from tile key to slot.
#include "tile_map.hpp"

#include <algorithm>

namespace atheria::engine {
namespace {
constexpr size_t kInitialCapacity = 64;
}

TileMap::TileMap() : entries_(kInitialCapacity, Entry{0, kNoTile}), mask_(kInitialCapacity - 1) {}

void TileMap::place(uint64_t key, uint32_t slot) {
  size_t i = mix(key) & mask_;
  while (entries_[i].slot != kNoTile) i = (i + 1) & mask_;
  entries_[i] = Entry{key, slot};
}

void TileMap::insert(uint64_t key, uint32_t slot) {
  if ((size_ + 1) * 2 > entries_.size()) grow();
  place(key, slot);
  ++size_;
}

void TileMap::erase(uint64_t key) {
  size_t hole = mix(key) & mask_;
  while (entries_[hole].key != key || entries_[hole].slot == kNoTile) hole = (hole + 1) & mask_;
  for (size_t i = (hole + 1) & mask_; entries_[i].slot != kNoTile; i = (i + 1) & mask_) {
    // An entry may fill the hole if the hole lies between its home and where it stands.
    const size_t home = mix(entries_[i].key) & mask_;
    if (((i - home) & mask_) >= ((i - hole) & mask_)) {
      entries_[hole] = entries_[i];
      hole = i;
    }
  }
  entries_[hole].slot = kNoTile;
  --size_;
}

void TileMap::clear() {
  std::fill(entries_.begin(), entries_.end(), Entry{0, kNoTile});
  size_ = 0;
}

void TileMap::grow() {
  std::vector<Entry> old(entries_.size() * 2, Entry{0, kNoTile});
  old.swap(entries_);
  mask_ = entries_.size() - 1;
  for (const Entry& entry : old) {
    if (entry.slot != kNoTile) place(entry.key, entry.slot);
  }
}

}  // namespace atheria::engine

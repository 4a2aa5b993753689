// From tile key to slot: open addressing, splitmix64, linear probing, load at most one half. Never iterated, so its order cannot reach results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace atheria::engine {

inline constexpr uint32_t kNoTile = 0xFFFFFFFFu;

class TileMap {
 public:
  TileMap();

  // The slot, or kNoTile.
  uint32_t find(uint64_t key) const {
    for (size_t i = mix(key) & mask_;; i = (i + 1) & mask_) {
      if (entries_[i].slot == kNoTile) return kNoTile;
      if (entries_[i].key == key) return entries_[i].slot;
    }
  }

  // The key must be absent.
  void insert(uint64_t key, uint32_t slot);
  // The key must be present. Later entries of the cluster move back, so there are no tombstones to grow old.
  void erase(uint64_t key);
  void clear();  // keeps the memory
  size_t size() const { return size_; }
  size_t capacity() const { return entries_.size(); }

 private:
  struct Entry {
    uint64_t key;
    uint32_t slot;
  };

  static uint64_t mix(uint64_t v) {  // finaliser of splitmix64
    v += 0x9E3779B97F4A7C15ull;
    v = (v ^ (v >> 30)) * 0xBF58476D1CE4E5B9ull;
    v = (v ^ (v >> 27)) * 0x94D049BB133111EBull;
    return v ^ (v >> 31);
  }

  void place(uint64_t key, uint32_t slot);
  void grow();

  std::vector<Entry> entries_;
  size_t mask_ = 0;
  size_t size_ = 0;
};

}  // namespace atheria::engine

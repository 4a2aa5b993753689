// XXH64 in a stream: guards snapshots against damage (not against an attacker) at the speed of memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atheria::engine {

class Checksum {
 public:
  explicit Checksum(uint64_t seed = 0);
  void add(const void* bytes, size_t count);
  uint64_t value() const;

 private:
  uint64_t lanes_[4];
  uint64_t seed_;
  uint64_t total_ = 0;
  unsigned char pending_[32];
  size_t pending_count_ = 0;
};

}  // namespace atheria::engine

// XXH64, as its specification has it.
#include "checksum.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace atheria::engine {
namespace {

constexpr uint64_t kPrime1 = 0x9E3779B185EBCA87ull;
constexpr uint64_t kPrime2 = 0xC2B2AE3D27D4EB4Full;
constexpr uint64_t kPrime3 = 0x165667B19E3779F9ull;
constexpr uint64_t kPrime4 = 0x85EBCA77C2B2AE63ull;
constexpr uint64_t kPrime5 = 0x27D4EB2F165667C5ull;

uint64_t read64(const unsigned char* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  if constexpr (std::endian::native == std::endian::big) v = __builtin_bswap64(v);
  return v;
}

uint32_t read32(const unsigned char* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  if constexpr (std::endian::native == std::endian::big) v = __builtin_bswap32(v);
  return v;
}

uint64_t round_of(uint64_t lane, uint64_t word) { return std::rotl(lane + word * kPrime2, 31) * kPrime1; }

}  // namespace

Checksum::Checksum(uint64_t seed) : lanes_{seed + kPrime1 + kPrime2, seed + kPrime2, seed, seed - kPrime1}, seed_(seed) {}

void Checksum::add(const void* bytes, size_t count) {
  const unsigned char* p = static_cast<const unsigned char*>(bytes);
  total_ += count;
  if (pending_count_ != 0) {
    const size_t part = std::min(count, sizeof pending_ - pending_count_);
    std::memcpy(pending_ + pending_count_, p, part);
    pending_count_ += part;
    p += part;
    count -= part;
    if (pending_count_ < sizeof pending_) return;
    for (int i = 0; i < 4; ++i) lanes_[i] = round_of(lanes_[i], read64(pending_ + 8 * i));
  }
  uint64_t a = lanes_[0], b = lanes_[1], c = lanes_[2], d = lanes_[3];
  for (; count >= 32; count -= 32, p += 32) {
    a = round_of(a, read64(p));
    b = round_of(b, read64(p + 8));
    c = round_of(c, read64(p + 16));
    d = round_of(d, read64(p + 24));
  }
  lanes_[0] = a, lanes_[1] = b, lanes_[2] = c, lanes_[3] = d;
  if (count != 0) std::memcpy(pending_, p, count);
  pending_count_ = count;
}

uint64_t Checksum::value() const {
  uint64_t h;
  if (total_ >= 32) {
    h = std::rotl(lanes_[0], 1) + std::rotl(lanes_[1], 7) + std::rotl(lanes_[2], 12) + std::rotl(lanes_[3], 18);
    for (const uint64_t lane : lanes_) h = (h ^ round_of(0, lane)) * kPrime1 + kPrime4;
  } else {
    h = seed_ + kPrime5;
  }
  h += total_;
  const unsigned char* p = pending_;
  size_t left = pending_count_;
  for (; left >= 8; left -= 8, p += 8) h = std::rotl(h ^ round_of(0, read64(p)), 27) * kPrime1 + kPrime4;
  if (left >= 4) {
    h = std::rotl(h ^ (read32(p) * kPrime1), 23) * kPrime2 + kPrime3;
    left -= 4;
    p += 4;
  }
  for (; left != 0; --left, ++p) h = std::rotl(h ^ (*p * kPrime5), 11) * kPrime1;
  h = (h ^ (h >> 33)) * kPrime2;
  h = (h ^ (h >> 29)) * kPrime3;
  return h ^ (h >> 32);
}

}  // namespace atheria::engine

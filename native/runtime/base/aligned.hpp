// A block of aligned host memory with an owner; for constants, scratch and packed weights.
#pragma once

#include <cstring>
#include <new>
#include <utility>

#include "atheria/allocator.h"

namespace atheria {

class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(size_t bytes) : bytes_(bytes) {
    if (!bytes) return;
    memory_ = ath_allocator_system()->allocate(nullptr, bytes);
    if (!memory_) throw std::bad_alloc();
  }
  AlignedBytes(AlignedBytes&& other) noexcept { swap(other); }
  AlignedBytes& operator=(AlignedBytes&& other) noexcept {
    AlignedBytes(std::move(other)).swap(*this);
    return *this;
  }
  ~AlignedBytes() { ath_allocator_system()->release(nullptr, memory_, bytes_); }

  void* data() const { return memory_; }
  size_t size() const { return bytes_; }

 private:
  void swap(AlignedBytes& other) noexcept {
    std::swap(memory_, other.memory_);
    std::swap(bytes_, other.bytes_);
  }

  void* memory_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace atheria

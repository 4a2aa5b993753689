// A grow-only, 64-byte aligned array of floats that a worker keeps between batches.
#pragma once

#include <cstddef>
#include <new>

#include "atheria/allocator.h"

namespace atheria::engine {

class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  ~AlignedBuffer() { release(); }
  AlignedBuffer(AlignedBuffer&& other) noexcept : data_(other.data_), bytes_(other.bytes_) {
    other.data_ = nullptr;
    other.bytes_ = 0;
  }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(AlignedBuffer&&) = delete;

  // The contents are undefined after growing. Throws std::bad_alloc.
  void reserve_floats(size_t floats) { reserve_bytes(floats * sizeof(float)); }
  void reserve_bytes(size_t bytes) {
    if (bytes <= bytes_) return;
    release();
    const ath_allocator* system = ath_allocator_system();
    data_ = system->allocate(system->self, bytes);
    if (data_ == nullptr) throw std::bad_alloc();
    bytes_ = bytes;
  }
  float* floats() const { return static_cast<float*>(data_); }
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  void release() {
    if (data_ == nullptr) return;
    const ath_allocator* system = ath_allocator_system();
    system->release(system->self, data_, bytes_);
    data_ = nullptr;
    bytes_ = 0;
  }

  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace atheria::engine

// Where local tensors lie in one block of scratch memory, by lifetime.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace atheria {

// Live from step `first` to step `last`, both included.
struct Lifetime {
  size_t first = 0, last = 0;
  size_t bytes = 0;
};

struct ScratchLayout {
  std::vector<size_t> offsets;  // of each lifetime, 64-aligned
  size_t bytes = 0;
};

// Two that live at the same time never overlap. Lifetimes in order of `first`. Throws std::bad_alloc if the sum does not fit in memory.
ScratchLayout lay_out(const std::vector<Lifetime>& lifetimes);

}  // namespace atheria

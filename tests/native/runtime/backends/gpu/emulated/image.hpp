// Reading the images the plugins carry: whose code is in them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace emulated {

struct ImageEntry {
  std::string target;  // "sm_90", "gfx90a"
  bool ptx;            // of CUDA: text for "compute_90", here "sm_90" too
};

// Of nvcc's fat binary; empty if it is none.
std::vector<ImageEntry> read_fat_binary(const void* image);
// Of clang's offload bundle; empty if it is none.
std::vector<ImageEntry> read_bundle(const void* image);

}  // namespace emulated

// The kernels in the host dialect, by name.
#pragma once

#include <vector>

#include "gpu/dialects/host.hpp"

namespace emulated {

struct HostKernel {
  const char* symbol;
  unsigned threads;
  void (*run)(float* const* operands, const void* arguments, atheria::gpu::HostBlock& block);
};
const std::vector<HostKernel>& host_kernels();

}  // namespace emulated

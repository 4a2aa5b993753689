// The kernels of backends/gpu, compiled as plain C++.
#include "kernels.hpp"

#include "gpu/kernels/kernels.hpp"

namespace emulated {

const std::vector<HostKernel>& host_kernels() {
  static const std::vector<HostKernel> kernels = {
#define ATH_GPU_KERNEL(name, Arguments, threads)                                                                               \
  {"ath_" #name, threads, [](float* const* o, const void* arguments, atheria::gpu::HostBlock& block) {                         \
     ath_##name(o[0], o[1], o[2], o[3], o[4], *static_cast<const atheria::gpu::Arguments*>(arguments), block);                 \
   }},
#include "gpu/kernels/kernels.def"
#undef ATH_GPU_KERNEL
  };
  return kernels;
}

}  // namespace emulated

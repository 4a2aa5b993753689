// The CPU device: the kernels of one instruction-set level.
#include "device.hpp"

#include <cstring>
#include <new>

#include "base/cpu.hpp"
#include "base/machine.hpp"

namespace atheria::cpu {

const kernels::KernelTable* kernels_of(const char* level) {
  if (!std::strcmp(level, "avx2")) return kernels::avx2_table();
  if (!std::strcmp(level, "avx512")) return kernels::avx512_table();
  return kernels::baseline_table();  // "neon" is the baseline of AArch64
}

ath_status device_open(const ath_host* host, void** out_device) {
  const kernels::KernelTable* kernels = kernels_of(host->cpu_level);
  if (!kernels) return host->status_set(ATH_UNAVAILABLE, "cpu: this build has no kernels for level \"%s\"", host->cpu_level);
  *out_device = new (std::nothrow) Device{host, kernels};
  return *out_device ? ATH_OK : host->status_set(ATH_OUT_OF_MEMORY, "cpu: no memory left for a device");
}

void device_close(void* device) { delete static_cast<Device*>(device); }

ath_status device_describe(void* device, ath_device_info* out_info) {
  out_info->backend = "cpu";
  out_info->name = cpu_name();
  out_info->level = static_cast<Device*>(device)->kernels->name;
  const MachineMemory memory = machine_memory();
  out_info->memory_bytes = memory.bytes;
  out_info->memory_free_bytes = memory.free_bytes;
  return ATH_OK;
}

}  // namespace atheria::cpu

// The CPU device: the kernels of one instruction-set level.
#pragma once

#include "atheria/backend.h"
#include "kernels/table.hpp"

namespace atheria::cpu {

struct Device {
  const ath_host* host;
  const kernels::KernelTable* kernels;
};

// The table of a level by its name (ath_host.cpu_level), or null when this build has none.
const kernels::KernelTable* kernels_of(const char* level);

ath_status device_open(const ath_host* host, void** out_device);
void device_close(void* device);
ath_status device_describe(void* device, ath_device_info* out_info);

}  // namespace atheria::cpu

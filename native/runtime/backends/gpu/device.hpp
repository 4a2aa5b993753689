// A GPU behind a driver: its context, the loaded kernels, and the slots of the backend's table.
#pragma once

#include "driver.hpp"
#include "ops.hpp"

namespace atheria::gpu {

struct Device {
  const ath_host* host;
  const Calls* calls;
  FoundDevice found;
  void* context;
  void* module;
  void* functions[kKernelCount];
};

ath_status probe(const ath_host* host, ath_probe* out_probe);
ath_status device_open(const ath_host* host, void** out_device);
void device_close(void* device);
ath_status device_describe(void* device, ath_device_info* out_info);

ath_status op_supported(void* device, const ath_op* op);
ath_status op_prepare(void* device, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes);
void op_release(void* device, void* prepared);
ath_status op_execute(void* device, const void* prepared, void* const* operands, void* scratch);

ath_status memory_allocate(void* device, size_t bytes, void** out_memory);
void memory_free(void* device, void* memory, size_t bytes);
ath_status memory_upload(void* device, void* memory, const void* host_bytes, size_t bytes);
ath_status memory_download(void* device, void* host_bytes, const void* memory, size_t bytes);
ath_status synchronize(void* device);
ath_status mask_domains(void* device, const ath_mask* mask, void* tensor, const void* domains);

}  // namespace atheria::gpu

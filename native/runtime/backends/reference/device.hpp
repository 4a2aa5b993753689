// The reference device: the host's own memory and one thread.
#pragma once

#include "atheria/backend.h"

namespace atheria::reference {

ath_status device_open(const ath_host* host, void** out_device);
void device_close(void* device);
ath_status device_describe(void* device, ath_device_info* out_info);
ath_status op_supported(void* device, const ath_op* op);
ath_status op_prepare(void* device, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes);
void op_release(void* device, void* prepared);
ath_status op_execute(void* device, const void* prepared, void* const* operands, void* scratch);

}  // namespace atheria::reference

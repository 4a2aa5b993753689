// The reference device: an op is prepared by remembering what was asked.
#include "device.hpp"

#include <new>

#include "ops.hpp"

namespace atheria::reference {
namespace {

struct Device {
  const ath_host* host;
};

struct Prepared {
  ath_op op;
  Run run;
};

const ath_host& host_of(void* device) { return *static_cast<Device*>(device)->host; }

}  // namespace

ath_status device_open(const ath_host* host, void** out_device) {
  *out_device = new (std::nothrow) Device{host};
  return *out_device ? ATH_OK : host->status_set(ATH_OUT_OF_MEMORY, "reference: no memory left for a device");
}

void device_close(void* device) { delete static_cast<Device*>(device); }

ath_status device_describe(void*, ath_device_info* out_info) {
  out_info->backend = "reference";
  out_info->name = "the host's CPU";
  return ATH_OK;
}

ath_status op_supported(void* device, const ath_op* op) {
  if (!run_of(op->opcode)) return host_of(device).status_set(ATH_UNSUPPORTED, "has no such op");
  if (op->activation != ATH_OP_NOP) return host_of(device).status_set(ATH_UNSUPPORTED, "fuses nothing");
  return ATH_OK;
}

ath_status op_prepare(void* device, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes) {
  *out_scratch_bytes = 0;
  *out_prepared = new (std::nothrow) Prepared{*op, run_of(op->opcode)};
  return *out_prepared ? ATH_OK : host_of(device).status_set(ATH_OUT_OF_MEMORY, "reference: no memory left to prepare an op");
}

void op_release(void*, void* prepared) { delete static_cast<Prepared*>(prepared); }

ath_status op_execute(void*, const void* prepared, void* const* operands, void*) {
  const auto& what = *static_cast<const Prepared*>(prepared);
  what.run(what.op, operands);
  return ATH_OK;
}

}  // namespace atheria::reference

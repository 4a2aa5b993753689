// A plugin whose device has memory of its own, a mebibyte at once, and subtracts.
#include "table.hpp"

namespace {

ath_status op_supported(void*, const ath_op* op) {
  return op->opcode == ATH_OP_SUB && op->operands[2].rank == op->operands[1].rank ? ath_status{ATH_OK} : plugin::the_host->status_set(ATH_UNSUPPORTED, "subtracts");
}

ath_status op_prepare(void*, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes) {
  *out_scratch_bytes = 0;
  auto* count = new int64_t(1);
  for (uint32_t i = 0; i < op->operands[0].rank; ++i) *count *= op->operands[0].dims[i];
  return *out_prepared = count, ATH_OK;
}

void op_release(void*, void* prepared) { delete static_cast<int64_t*>(prepared); }

ath_status op_execute(void*, const void* prepared, void* const* operands, void*) {
  for (int64_t i = 0; i < *static_cast<const int64_t*>(prepared); ++i) plugin::near(operands[0])[i] = plugin::near(operands[1])[i] - plugin::near(operands[2])[i];
  return ATH_OK;
}

ath_status memory_allocate(void* device, size_t bytes, void** out_memory) {
  if (bytes > size_t{1} << 20) return plugin::the_host->status_set(ATH_OUT_OF_MEMORY, "far_memory: %zu bytes are too many", bytes);
  return plugin::memory_allocate(device, bytes, out_memory);
}

}  // namespace

PLUGIN("far_memory", (backend.memory_allocate = memory_allocate, backend.memory_free = plugin::memory_free,
                      backend.memory_upload = plugin::memory_upload, backend.memory_download = plugin::memory_download,
                      backend.op_supported = op_supported, backend.op_prepare = op_prepare, backend.op_release = op_release,
                      backend.op_execute = op_execute))

// A plugin that computes in memory of its own: relu, add and 3x3 convolutions of one channel; the rest is for others. Where a device tells its memory
// this one tells its traffic: uploads in memory_bytes, downloads in memory_free_bytes; and in its level how much it holds.
#include <atomic>

#include "table.hpp"

namespace {

using plugin::near;

std::atomic<uint64_t> uploads, downloads;
std::atomic<int> blocks;

int64_t count_of(const ath_operand& operand) {
  int64_t count = 1;
  for (uint32_t i = 0; i < operand.rank; ++i) count *= operand.dims[i];
  return count;
}

ath_status op_supported(void*, const ath_op* op) {
  if (op->activation != ATH_OP_NOP) return plugin::the_host->status_set(ATH_UNSUPPORTED, "fuses nothing");
  if (op->opcode == ATH_OP_RELU || (op->opcode == ATH_OP_ADD && op->operands[2].rank == op->operands[1].rank)) return ATH_OK;
  if (op->opcode == ATH_OP_CONV2D && op->operands[2].dims[0] == 3 && op->operands[2].dims[2] == 1 && op->operands[2].dims[3] == 1 &&
      op->operands[0].dims[1] == op->operands[1].dims[1] - 2)
    return ATH_OK;
  return plugin::the_host->status_set(ATH_UNSUPPORTED, "is a small island");
}

ath_status op_prepare(void*, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes) {
  *out_scratch_bytes = 192;
  *out_prepared = new ath_op(*op);
  return ATH_OK;
}

void op_release(void*, void* prepared) { delete static_cast<ath_op*>(prepared); }

ath_status op_execute(void*, const void* prepared, void* const* operands, void* scratch) {
  const auto& op = *static_cast<const ath_op*>(prepared);
  std::memset(near(scratch), 0xFF, 192);  // it is ours to write
  float* const out = near(operands[0]);
  const float* const a = near(operands[1]);
  const int64_t count = count_of(op.operands[0]);
  if (op.opcode == ATH_OP_CONV2D) {
    const float* const weight = near(operands[2]);
    const int64_t height = op.operands[0].dims[1], width = op.operands[0].dims[2];
    for (int64_t i = 0; i < count; ++i) {
      const int64_t image = i / (height * width), y = i / width % height, x = i % width;
      out[i] = operands[3] ? near(operands[3])[0] : 0.0f;
      for (int64_t k = 0; k < 9; ++k) out[i] += a[(image * (height + 2) + y + k / 3) * (width + 2) + x + k % 3] * weight[k];
    }
    return ATH_OK;
  }
  if (op.opcode == ATH_OP_ADD && a[0] == 13.0f) return plugin::the_host->status_set(ATH_INTERNAL, "island: the device is lost at sea");
  for (int64_t i = 0; i < count; ++i) out[i] = op.opcode == ATH_OP_RELU ? (a[i] > 0 ? a[i] : 0) : a[i] + near(operands[2])[i];
  return ATH_OK;
}

ath_status memory_allocate(void* device, size_t bytes, void** out_memory) { return ++blocks, plugin::memory_allocate(device, bytes, out_memory); }
void memory_free(void* device, void* memory, size_t bytes) { --blocks, plugin::memory_free(device, memory, bytes); }
ath_status memory_upload(void* device, void* memory, const void* bytes, size_t count) {
  return ++uploads, plugin::memory_upload(device, memory, bytes, count);
}
ath_status memory_download(void* device, void* bytes, const void* memory, size_t count) {
  return ++downloads, plugin::memory_download(device, bytes, memory, count);
}

ath_status device_describe(void*, ath_device_info* out_info) {
  static thread_local char level[32];
  std::snprintf(level, sizeof level, "%d blocks", blocks.load());
  out_info->name = "island";
  out_info->level = level;
  out_info->memory_bytes = uploads;
  out_info->memory_free_bytes = downloads;
  return ATH_OK;
}

}  // namespace

PLUGIN("island", (backend.memory_allocate = memory_allocate, backend.memory_free = memory_free, backend.memory_upload = memory_upload,
                  backend.memory_download = memory_download, backend.op_supported = op_supported, backend.op_prepare = op_prepare,
                  backend.op_release = op_release, backend.op_execute = op_execute, backend.device_describe = device_describe))

// A planned program: one record per op, addresses by index, nothing left to decide.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "atheria/program.h"
#include "device/device.hpp"
#include "program.hpp"

namespace atheria {

inline constexpr uint32_t kNoMask = UINT32_MAX;

// What execute reads per op: one cache line.
struct Step {
  ath_status (*execute)(void* device, const void* prepared, void* const* operands, void* scratch);
  void* device;
  const void* prepared;
  uint32_t operands[5];  // indices into the run's address table
  uint32_t mask;         // index into `masks` of what must be done before this op in a bounded domain, or kNoMask
};

// Before a convolution reads a tensor: zero what lies outside the domain. The tensor is [batch, height, width, row_floats / width].
struct DomainMask {
  uint32_t address;
  int32_t shift_y, shift_x;  // from the coordinates of the program's input to the tensor's
  int64_t height, width, channels;
};

class Placement;

struct PlannedOp {
  size_t index;  // in the program
  ath_device* device;
  void* prepared;
  std::string text;  // the line of explain
};

}  // namespace atheria

struct ath_executable {
  std::atomic<uint32_t> references{1};
  ath_program* program = nullptr;
  std::vector<ath_device*> devices;  // retained, each once, in order of first use
  std::vector<atheria::PlannedOp> ops;

  std::vector<atheria::Step> steps;
  std::vector<atheria::DomainMask> masks;
  std::string no_domains;            // why a bounded domain cannot be had; empty if it can

  // Address table of a run: [0, fixed) as `fixed_addresses` (null first, then constants), then inputs, outputs, locals.
  std::vector<void*> fixed_addresses;
  uint32_t input_count = 0, output_count = 0;
  int64_t batch = 0;                 // first dimension of the first input
  std::vector<size_t> local_offsets;  // from the start of scratch
  size_t op_scratch_offset = 0;
  size_t scratch_bytes = 0;

  std::vector<size_t> tensor_bytes;  // by handle; 0 unless input or output

  std::unique_ptr<atheria::Placement> placement;  // null: every op works in host memory

  ~ath_executable();
};

namespace atheria {

// The bound shape of every tensor; refuses unbound symbols, dimensions below 1 and what does not fit in memory.
struct BoundShapes {
  std::vector<int64_t> dims;  // ATH_RANK_MAX per tensor
  std::vector<size_t> bytes;  // per tensor
  const int64_t* of(uint32_t handle) const { return dims.data() + size_t{handle} * ATH_RANK_MAX; }
};
ath_status bind_shapes(const ath_program& program, const ath_symbol_value* values, size_t value_count, BoundShapes* out_shapes);

// One op as planned: its instruction, the ATTR before it, and what is fused behind it.
struct OpPlan {
  size_t index;
  ath_instruction code;
  uint32_t attributes[4];
  uint32_t activation = ATH_OP_NOP;
  uint32_t activation_out = ATH_NONE;  // the tensor the activation writes, when one may be fused
  size_t activation_index = 0;
};
// The instructions that reach a backend; `activation` is filled with what could be fused, if a backend agrees.
std::vector<OpPlan> gather_ops(const ath_program& program);

// Puts the masks a bounded domain needs before the convolutions of `executable`; fills `no_domains` if they cannot be placed.
// `table_index` gives a tensor's place in the address table.
void plan_domains(const std::vector<OpPlan>& ops, const BoundShapes& shapes, const std::vector<uint32_t>& table_index, ath_executable& executable);

void apply_mask(const DomainMask& mask, float* values, const ath_rectangle* domains, uint32_t count);

}  // namespace atheria

// From a verified program to an executable: a backend for each op, memory for each tensor.
#include <algorithm>
#include <string>

#include "base/guard.hpp"
#include "executable.hpp"
#include "opcodes.hpp"
#include "placement.hpp"
#include "scratch.hpp"
#include "shape_rules.hpp"

namespace atheria {
namespace {

size_t round_to_line(size_t bytes) { return (bytes + ATH_ALIGNMENT - 1) / ATH_ALIGNMENT * ATH_ALIGNMENT; }

class Planner {
 public:
  Planner(ath_program& program, ath_executable& executable) : program_(program), executable_(executable) {}

  ath_status run(ath_device* const* devices, size_t device_count, const ath_symbol_value* values, size_t value_count) {
    ATH_RETURN_IF_ERROR(bind_shapes(program_, values, value_count, &shapes_));
    ATH_RETURN_IF_ERROR(candidates(devices, device_count));
    number_tensors();
    std::vector<OpPlan> ops = gather_ops(program_);
    std::vector<OpPlan> kept;
    std::vector<size_t> op_scratch;
    for (size_t i = 0; i < ops.size(); ++i) {
      size_t bytes = 0;
      ATH_RETURN_IF_ERROR(place(ops[i], &bytes));
      if (bytes > PTRDIFF_MAX - ATH_ALIGNMENT) throw std::bad_alloc();  // a plugin's word
      op_scratch.push_back(round_to_line(bytes));
      kept.push_back(ops[i]);
      if (ops[i].activation != ATH_OP_NOP) ++i;  // the activation went with it
    }
    plan_domains(kept, shapes_, table_index_, executable_);
    for (const ProgramTensor& tensor : program_.tensors)
      if (tensor.facts.role == ATH_ROLE_INPUT) {
        executable_.batch = shapes_.of(uint32_t(&tensor - program_.tensors.data()))[0];
        break;
      }
    if (std::any_of(executable_.devices.begin(), executable_.devices.end(), [](const ath_device* d) { return d->own_memory; })) {
      std::vector<size_t> bytes(program_.tensors.size() + 1, 0);
      for (size_t handle = 0; handle < program_.tensors.size(); ++handle) bytes[table_index_[handle]] = shapes_.bytes[handle];
      executable_.placement = std::make_unique<Placement>(executable_);
      ATH_RETURN_IF_ERROR(executable_.placement->plan(std::move(bytes), op_scratch));
    }
    lay_out_scratch(kept, op_scratch);
    return ATH_OK;
  }

 private:
  // The caller's devices, then the built-in cpu and reference where they are not among them.
  ath_status candidates(ath_device* const* devices, size_t device_count) {
    ath_instance* instance = nullptr;
    for (size_t i = 0; i < device_count; ++i) {
      if (!devices || !devices[i]) return ath_status_set(ATH_INVALID_ARGUMENT, "plan: device %zu of %zu is null", i, device_count);
      candidates_.push_back(devices[i]);
    }
    if (device_count) {
      instance = devices[0]->instance;
    } else {
      ATH_RETURN_IF_ERROR(process_instance(&instance));
    }
    ath_device* fallbacks[2] = {};
    ATH_RETURN_IF_ERROR(instance_fallbacks(instance, &fallbacks[0], &fallbacks[1]));
    for (ath_device* fallback : fallbacks) {
      const bool there = std::any_of(candidates_.begin(), candidates_.end(), [&](ath_device* d) { return d->backend == fallback->backend; });
      if (!there) candidates_.push_back(fallback);
    }
    return ATH_OK;
  }

  void number_tensors() {
    const size_t count = program_.tensors.size();
    table_index_.resize(count);
    executable_.tensor_bytes.assign(count, 0);
    executable_.fixed_addresses.push_back(nullptr);  // index 0: ATH_NONE
    uint32_t next = 1;
    for (const uint32_t role : {ATH_ROLE_CONSTANT, ATH_ROLE_INPUT, ATH_ROLE_OUTPUT, ATH_ROLE_LOCAL})
      for (size_t i = 0; i < count; ++i) {
        if (program_.tensors[i].facts.role != role) continue;
        table_index_[i] = next++;
        if (role == ATH_ROLE_CONSTANT) executable_.fixed_addresses.push_back(program_.tensors[i].bytes.data());
        if (role == ATH_ROLE_INPUT || role == ATH_ROLE_OUTPUT) executable_.tensor_bytes[i] = shapes_.bytes[i];
        executable_.input_count += role == ATH_ROLE_INPUT;
        executable_.output_count += role == ATH_ROLE_OUTPUT;
      }
  }

  // What a backend is asked about.
  ath_op describe(const OpPlan& plan, bool fused, uint32_t handles[5]) const {
    ath_op op = {};
    op.struct_bytes = sizeof op;
    op.opcode = plan.code.opcode;
    op.activation = fused ? plan.activation : uint32_t{ATH_OP_NOP};
    std::copy(plan.attributes, plan.attributes + 4, op.attributes);
    const Opcode* opcode = opcode_find(plan.code.opcode);
    for (int slot = 0; slot < 5; ++slot) {
      handles[slot] = ATH_NONE;
      if (slot == 4) {
        if (plan.code.opcode == ATH_OP_QCA_UPDATE && plan.attributes[2]) handles[4] = plan.attributes[2] - 1;
      } else {
        op.numbers[slot] = plan.code.operands[slot];
        const char kind = opcode->slots[slot];
        if (kind != '-' && kind != 'n') handles[slot] = plan.code.operands[slot];
      }
    }
    if (fused) handles[0] = plan.activation_out;
    for (int slot = 0; slot < 5; ++slot) {
      if (handles[slot] == ATH_NONE) continue;
      const ProgramTensor& tensor = program_.tensors[handles[slot]];
      op.operands[slot].dtype = tensor.facts.dtype;
      op.operands[slot].rank = tensor.facts.rank;
      std::copy(shapes_.of(handles[slot]), shapes_.of(handles[slot]) + ATH_RANK_MAX, op.operands[slot].dims);
      op.operands[slot].constant = tensor.bytes.data();
    }
    return op;
  }

  ath_status place(OpPlan& plan, size_t* out_scratch_bytes) {
    std::string reasons;
    for (ath_device* device : candidates_) {
      for (const bool fused : {true, false}) {
        if (fused && plan.activation == ATH_OP_NOP) continue;
        uint32_t handles[5];
        const ath_op op = describe(plan, fused, handles);
        const ath_status supported = device->backend->op_supported(device->self, &op);
        if (supported == ATH_UNSUPPORTED) {
          if (!fused) reasons += std::string(reasons.empty() ? "" : "; ") + device->backend->name + ": " + ath_status_message();
          continue;
        }
        if (supported) return failed(plan, device, supported);
        void* prepared = nullptr;
        if (const ath_status status = device->backend->op_prepare(device->self, &op, &prepared, out_scratch_bytes)) return failed(plan, device, status);
        if (!fused) plan.activation = ATH_OP_NOP;
        keep(plan, device, prepared, op, handles);
        return ATH_OK;
      }
    }
    const Opcode* opcode = opcode_find(plan.code.opcode);
    if (const char* needed = opcode_needs_device(plan.code.opcode))
      return ath_status_set(ATH_UNAVAILABLE, "program \"%s\", op %zu %s needs %s, and none of the devices is one (%s)", program_name(program_), plan.index,
                            opcode->text, needed, reasons.c_str());
    return ath_status_set(ATH_UNSUPPORTED, "program \"%s\", op %zu %s: no backend can do it (%s)", program_name(program_), plan.index, opcode->text,
                          reasons.c_str());
  }

  ath_status failed(const OpPlan& plan, const ath_device* device, ath_status status) const {
    const std::string why = ath_status_message();
    return ath_status_set(status, "program \"%s\", op %zu %s on backend %s: %s", program_name(program_), plan.index, opcode_find(plan.code.opcode)->text,
                          device->backend->name, why.c_str());
  }

  void keep(const OpPlan& plan, ath_device* device, void* prepared, const ath_op& op, const uint32_t handles[5]) {
    // The op is recorded before anything that may throw could lose it.
    struct Guard {
      ath_device* device;
      void* prepared;
      ~Guard() {
        if (device) device->backend->op_release(device->self, prepared);
      }
    } guard{device, prepared};
    std::string text = std::to_string(plan.index) + " " + opcode_find(plan.code.opcode)->text;
    for (int slot = 0; slot < 5; ++slot) {
      if (handles[slot] == ATH_NONE) continue;
      text += std::string(" ") + program_.tensors[handles[slot]].facts.name + ":" + dtype_text(op.operands[slot].dtype) + "[";
      for (uint32_t i = 0; i < op.operands[slot].rank; ++i) text += (i ? "," : "") + std::to_string(op.operands[slot].dims[i]);
      text += "]";
    }
    if (plan.activation != ATH_OP_NOP) text += std::string(" + ") + opcode_find(plan.activation)->text;
    text += std::string(" on ") + device->backend->name;
    Step step = {device->backend->op_execute, device->self, prepared, {}, kNoMask};
    for (int slot = 0; slot < 5; ++slot) step.operands[slot] = handles[slot] == ATH_NONE ? 0 : table_index_[handles[slot]];
    executable_.steps.push_back(step);
    if (std::find(executable_.devices.begin(), executable_.devices.end(), device) == executable_.devices.end()) {
      executable_.devices.push_back(device);
      ath_device_retain(device);
    }
    executable_.ops.push_back({plan.index, device, prepared, std::move(text)});
    guard.device = nullptr;
  }

  // The host's: of ops and tensors that work on other devices nothing is here.
  void lay_out_scratch(const std::vector<OpPlan>& ops, const std::vector<size_t>& op_scratches) {
    const Placement* placement = executable_.placement.get();
    size_t op_scratch = 0;
    struct Local {
      uint32_t handle;
      Lifetime life;
    };
    std::vector<Local> locals;
    std::vector<size_t> place(program_.tensors.size(), SIZE_MAX);
    for (size_t step = 0; step < ops.size(); ++step) {
      if (!placement || placement->host_executes(step)) op_scratch = std::max(op_scratch, op_scratches[step]);
      uint32_t handles[5];
      (void)describe(ops[step], ops[step].activation != ATH_OP_NOP, handles);
      for (const uint32_t handle : handles) {
        if (handle == ATH_NONE || program_.tensors[handle].facts.role != ATH_ROLE_LOCAL) continue;
        if (placement && !placement->on_host(table_index_[handle])) continue;
        if (place[handle] == SIZE_MAX) {
          place[handle] = locals.size();
          locals.push_back({handle, {step, step, shapes_.bytes[handle]}});
        }
        locals[place[handle]].life.last = step;
      }
    }
    std::vector<Lifetime> lifetimes;
    for (const Local& local : locals) lifetimes.push_back(local.life);
    const ScratchLayout layout = lay_out(lifetimes);

    // Scratch: address table | op scratch | locals. Locals that are never used (fused away, or allocated only) have no memory.
    const size_t table_bytes = round_to_line((program_.tensors.size() + 1) * sizeof(void*));
    executable_.op_scratch_offset = table_bytes;
    if (op_scratch > PTRDIFF_MAX - table_bytes) throw std::bad_alloc();
    const size_t locals_at = table_bytes + op_scratch;
    if (layout.bytes > PTRDIFF_MAX - locals_at) throw std::bad_alloc();
    executable_.scratch_bytes = locals_at + layout.bytes;
    for (size_t handle = 0; handle < program_.tensors.size(); ++handle) {
      if (program_.tensors[handle].facts.role != ATH_ROLE_LOCAL) continue;
      executable_.local_offsets.push_back(place[handle] == SIZE_MAX ? 0 : locals_at + layout.offsets[place[handle]]);
    }
  }

  ath_program& program_;
  ath_executable& executable_;
  BoundShapes shapes_;
  std::vector<ath_device*> candidates_;
  std::vector<uint32_t> table_index_;
};

}  // namespace
}  // namespace atheria

ath_executable::~ath_executable() {
  placement.reset();
  for (const atheria::PlannedOp& op : ops) op.device->backend->op_release(op.device->self, op.prepared);
  for (ath_device* device : devices) ath_device_release(device);
  ath_program_release(program);
}

ath_status ath_executable_create(ath_program* program, ath_device* const* devices, size_t device_count, const ath_symbol_value* values,
                                 size_t value_count, ath_executable** out_executable) {
  if (!program || !out_executable || (value_count && !values))
    return ath_status_set(ATH_INVALID_ARGUMENT, "plan: program, values or out_executable is null");
  ATH_RETURN_IF_ERROR(ath_program_verify(program));
  return atheria::guarded("plan", [&]() -> ath_status {
    auto* executable = new ath_executable();
    executable->program = program;
    ath_program_retain(program);
    const ath_status planned =
        atheria::guarded("plan", [&] { return atheria::Planner(*program, *executable).run(devices, device_count, values, value_count); });
    if (planned) {
      delete executable;
      return planned;
    }
    *out_executable = executable;
    return ATH_OK;
  });
}

void ath_executable_retain(ath_executable* executable) { executable->references.fetch_add(1, std::memory_order_relaxed); }

void ath_executable_release(ath_executable* executable) {
  if (executable && executable->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete executable;
}

size_t ath_executable_scratch_bytes(const ath_executable* executable) { return executable->scratch_bytes; }

size_t ath_executable_tensor_bytes(const ath_executable* executable, uint32_t handle) {
  return handle < executable->tensor_bytes.size() ? executable->tensor_bytes[handle] : 0;
}

ath_status ath_executable_explain(const ath_executable* executable, char** out_text) {
  if (!executable || !out_text) return ath_status_set(ATH_INVALID_ARGUMENT, "explain: executable or out_text is null");
  return atheria::guarded("explain", [&]() -> ath_status {
    std::string text;
    for (const atheria::PlannedOp& op : executable->ops) text += op.text + "\n";
    return atheria::text_to_caller(text, out_text);
  });
}

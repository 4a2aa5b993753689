// The only place that says no. After it: every handle is in the table, every operand of a legal role and written before it is read, every shape right.
#include <cstdio>
#include <string>

#include "base/guard.hpp"
#include "opcodes.hpp"
#include "program.hpp"
#include "shape_rules.hpp"

namespace atheria {
namespace {

class Verifier {
 public:
  explicit Verifier(const ath_program& program) : program_(program), state_(program.tensors.size(), State::undefined) {
    for (size_t i = 0; i < state_.size(); ++i) {
      const uint32_t role = program.tensors[i].facts.role;
      if (role == ATH_ROLE_INPUT || role == ATH_ROLE_CONSTANT) state_[i] = State::written;
    }
  }

  ath_status run() {
    for (index_ = 0; index_ < program_.code.size(); ++index_)
      if (const ath_status refused = instruction(program_.code[index_])) return refused;
    if (program_.code.empty() || program_.code.back().opcode != ATH_OP_HALT)
      return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\": the last of %zu instructions must be halt", program_name(program_), program_.code.size());
    for (size_t i = 0; i < state_.size(); ++i)
      if (program_.tensors[i].facts.role == ATH_ROLE_OUTPUT && state_[i] != State::written)
        return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\": output %zu \"%s\" is never written", program_name(program_), i, program_.tensors[i].facts.name);
    return ATH_OK;
  }

 private:
  enum class State : uint8_t { undefined, allocated, written, freed };

  ath_status refuse(const std::string& why) const {
    const Opcode* opcode = opcode_find(program_.code[index_].opcode);
    return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\", op %zu %s: %s", program_name(program_), index_, opcode ? opcode->text : "?", why.c_str());
  }

  std::string named(uint32_t handle) const { return "tensor " + std::to_string(handle) + " \"" + program_.tensors[handle].facts.name + "\""; }

  // Reads and writes are checked in the order of the slots, reads first: an instruction never reads what it writes.
  ath_status readable(const std::string& slot, uint32_t handle) const {
    if (handle >= program_.tensors.size())
      return refuse(slot + " names tensor " + std::to_string(handle) + ", but there are " + std::to_string(program_.tensors.size()));
    switch (state_[handle]) {
      case State::written: return ATH_OK;
      case State::freed: return refuse(slot + " reads " + named(handle) + " after it was freed");
      default: return refuse(slot + " reads " + named(handle) + " before anything is written to it");
    }
  }

  ath_status writable(const std::string& slot, uint32_t handle) {
    if (handle >= program_.tensors.size())
      return refuse(slot + " names tensor " + std::to_string(handle) + ", but there are " + std::to_string(program_.tensors.size()));
    const uint32_t role = program_.tensors[handle].facts.role;
    if (role != ATH_ROLE_OUTPUT && role != ATH_ROLE_LOCAL)
      return refuse(slot + " writes " + named(handle) + ", which is " + (role == ATH_ROLE_INPUT ? "an input" : "a constant") + "; write to an output or a local");
    if (state_[handle] == State::written) return refuse(slot + " writes " + named(handle) + " a second time; a tensor is written once");
    if (state_[handle] == State::freed) return refuse(slot + " writes " + named(handle) + " after it was freed");
    return ATH_OK;
  }

  ath_status instruction(const ath_instruction& code) {
    const Opcode* opcode = opcode_find(code.opcode);
    if (!opcode) {
      char text[64];
      std::snprintf(text, sizeof text, "opcode 0x%08X is not in the list", code.opcode);
      return refuse(text);
    }
    if (code.opcode == ATH_OP_HALT && index_ + 1 != program_.code.size()) return refuse("more instructions follow; halt is the last");
    if (code.opcode == ATH_OP_ATTR) {
      if (has_attributes_) return refuse("follows another attr; an instruction has one");
      has_attributes_ = true;
      for (int i = 0; i < 4; ++i) attributes_[i] = code.operands[i];
      return ATH_OK;
    }
    if (has_attributes_ && !opcode_takes_attributes(code.opcode)) return refuse("takes no attr, but one precedes it");

    OperandShapes shapes = {&code, attributes_, {}};
    for (int slot = 0; slot < 4; ++slot) {
      const uint32_t operand = code.operands[slot];
      const char kind = opcode->slots[slot];
      const std::string name = "slot " + std::to_string(slot);
      if (kind == '-' && operand) return refuse(name + " is unused and must be 0, not " + std::to_string(operand));
      if (kind == '-' || kind == 'n' || (kind == '?' && operand == ATH_NONE)) continue;
      if (kind != 'o' && code.opcode != ATH_OP_FREE)
        if (const ath_status refused = readable(name, operand)) return refused;
      if (kind == 'w' && program_.tensors[operand].facts.role != ATH_ROLE_CONSTANT) return refuse(name + ": " + named(operand) + " must be a constant");
    }
    if (code.opcode == ATH_OP_QCA_UPDATE && attributes_[2]) {
      if (const ath_status refused = readable("the attr's background", attributes_[2] - 1)) return refused;
      shapes.slots[4] = &program_.tensors[attributes_[2] - 1].facts;
    }
    if (const ath_status refused = lifetimes(code)) return refused;
    for (int slot = 0; slot < 4; ++slot)
      if (opcode->slots[slot] == 'o' && !opcode_allocates(code.opcode)) {
        if (const ath_status refused = writable("slot " + std::to_string(slot), code.operands[slot])) return refused;
        state_[code.operands[slot]] = State::written;
      }
    for (int slot = 0; slot < 4; ++slot) {
      const char kind = opcode->slots[slot];
      if (kind != '-' && kind != 'n' && !(kind == '?' && code.operands[slot] == ATH_NONE)) shapes.slots[slot] = &program_.tensors[code.operands[slot]].facts;
    }
    const std::string complaint = shape_complaint(shapes);
    if (!complaint.empty()) return refuse(complaint);
    has_attributes_ = false;
    for (uint32_t& attribute : attributes_) attribute = 0;
    return ATH_OK;
  }

  // alloc, free, load and store: who may live, and from where to where copies go.
  ath_status lifetimes(const ath_instruction& code) {
    const uint32_t handle = code.operands[0];
    const bool known = handle < program_.tensors.size();
    if (opcode_allocates(code.opcode) || code.opcode == ATH_OP_FREE) {
      if (!known) return refuse("slot 0 names tensor " + std::to_string(handle) + ", but there are " + std::to_string(program_.tensors.size()));
      if (program_.tensors[handle].facts.role != ATH_ROLE_LOCAL) return refuse(named(handle) + " is no local; only locals have a lifetime here");
      State& state = state_[handle];
      if (opcode_allocates(code.opcode)) {
        if (state != State::undefined) return refuse(named(handle) + " lives or has lived already");
        state = State::allocated;
      } else {
        if (state == State::undefined) return refuse(named(handle) + " does not live yet");
        if (state == State::freed) return refuse(named(handle) + " is freed a second time");
        state = State::freed;
      }
    }
    if (code.opcode == ATH_OP_LOAD) {
      if (known && program_.tensors[handle].facts.role != ATH_ROLE_LOCAL) return refuse("slot 0 is " + named(handle) + "; load writes locals, use store for outputs");
      const uint32_t from = program_.tensors[code.operands[1]].facts.role;
      if (from != ATH_ROLE_INPUT && from != ATH_ROLE_CONSTANT) return refuse("slot 1 is " + named(code.operands[1]) + "; load reads inputs and constants");
    }
    if (code.opcode == ATH_OP_STORE && known && program_.tensors[handle].facts.role != ATH_ROLE_OUTPUT)
      return refuse("slot 0 is " + named(handle) + "; store writes outputs, use load for locals");
    return ATH_OK;
  }

  const ath_program& program_;
  std::vector<State> state_;
  size_t index_ = 0;
  bool has_attributes_ = false;
  uint32_t attributes_[4] = {};
};

}  // namespace
}  // namespace atheria

ath_status ath_program_verify(ath_program* program) {
  if (!program) return ath_status_set(ATH_INVALID_ARGUMENT, "program: program is null");
  if (program->verified.load(std::memory_order_acquire)) return ATH_OK;
  return atheria::guarded("verify", [&]() -> ath_status {
    if (const ath_status refused = atheria::Verifier(*program).run()) return refused;
    program->verified.store(true, std::memory_order_release);
    return ATH_OK;
  });
}

// The law provider for opcode programs: an executable per batch shape, scratch per worker.
#include "atheria/law.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "base/aligned.hpp"
#include "base/decimal.hpp"
#include "base/guard.hpp"
#include "executable.hpp"
#include "opcodes.hpp"

namespace atheria {
namespace {

struct Planned {
  uint32_t count, height, width;
  ath_executable* executable;
};

struct ProgramLaw {
  ath_program* program = nullptr;
  std::vector<ath_device*> devices;
  ath_law_info info = {};
  std::string name, backend;
  uint32_t symbols[3] = {};  // of B, H, W

  std::shared_mutex mutex;   // of `planned`, which only grows
  std::vector<Planned> planned;
  std::vector<AlignedBytes> scratch;  // by worker; each touched by its worker alone after prepare

  ~ProgramLaw() {
    for (const Planned& plan : planned) ath_executable_release(plan.executable);
    for (ath_device* device : devices) ath_device_release(device);
    ath_program_release(program);
  }
};

ath_status refuse(const ath_program& program, const std::string& why) {
  return ath_status_set(ATH_UNSUPPORTED, "program \"%s\" is no law: %s", program_name(program), why.c_str());
}

// One input [B,H,W,C], one output [B,H-2r,W-2r,C].
ath_status read_shapes(ProgramLaw& law) {
  const ath_program& program = *law.program;
  const ath_tensor* sides[2] = {};
  for (const ProgramTensor& tensor : program.tensors) {
    if (tensor.facts.role != ATH_ROLE_INPUT && tensor.facts.role != ATH_ROLE_OUTPUT) continue;
    const ath_tensor*& side = sides[tensor.facts.role == ATH_ROLE_OUTPUT];
    if (side) return refuse(program, std::string("it has more than one ") + (side == sides[0] ? "input" : "output"));
    side = &tensor.facts;
  }
  if (!sides[0] || !sides[1]) return refuse(program, "it needs one input and one output");
  const ath_tensor &in = *sides[0], &out = *sides[1];
  const std::string shapes = "its input is " + shape_text(in) + " and its output " + shape_text(out) + "; expected f32[B,H,W,C] and f32[B,H-2r,W-2r,C]";
  if (in.rank != 4 || out.rank != 4 || in.dtype != ATH_DTYPE_F32 || out.dtype != ATH_DTYPE_F32) return refuse(program, shapes);
  for (int i = 0; i < 3; ++i) {
    if (!in.dims[i].symbol || in.dims[i].extent || out.dims[i].symbol != in.dims[i].symbol) return refuse(program, shapes);
    law.symbols[i] = in.dims[i].symbol;
    for (int j = 0; j < i; ++j)
      if (law.symbols[i] == law.symbols[j]) return refuse(program, shapes);
  }
  const int64_t lost = -int64_t{out.dims[1].extent};
  if (out.dims[0].extent || lost < 0 || lost % 2 || out.dims[2].extent != -lost) return refuse(program, shapes);
  if (in.dims[3].symbol || out.dims[3].symbol || in.dims[3].extent != out.dims[3].extent || in.dims[3].extent % 2)
    return refuse(program, shapes + ", C an even number");
  law.info.channels = uint32_t(in.dims[3].extent);
  law.info.radius = uint32_t(lost / 2);
  if (lost >= INT32_MAX) return refuse(program, "its radius is " + std::to_string(law.info.radius) + "; no patch is as wide as its window");
  // A law sees patches: padding at a patch's border would take the place of cells that are really there.
  for (size_t i = 0; i < program.code.size(); ++i) {
    const ath_instruction& code = program.code[i];
    if (code.opcode == ATH_OP_TRANSPOSE) return refuse(program, "op " + std::to_string(i) + " transpose moves the axes of the patch");
    if (code.opcode != ATH_OP_CONV2D) continue;
    const ath_tensor &to = program.tensors[code.operands[0]].facts, &from = program.tensors[code.operands[1]].facts,
                     &weight = program.tensors[code.operands[2]].facts;
    for (int axis : {1, 2})
      if (weight.dims[axis - 1].extent > 1 && to.dims[axis].extent == from.dims[axis].extent)
        return refuse(program, "op " + std::to_string(i) + " conv2d pads (" + shape_text(from) + " to " + shape_text(to) +
                                   "); use valid convolutions: the engine gives the neighbours, and a domain's edge its zeros");
  }
  return ATH_OK;
}

ath_status read_metadata(ProgramLaw& law) {
  const ath_program& program = *law.program;
  law.name = program_name(program);
  if (const char* text = ath_program_metadata(&program, "gamma")) {
    if (!decimal_parse(text, &law.info.gamma) || !std::isfinite(law.info.gamma))
      return refuse(program, std::string("metadata gamma is \"") + text + "\"; expected a decimal number such as 0.01");
  }
  if (const char* text = ath_program_metadata(&program, "product")) {
    if (std::strcmp(text, "0") && std::strcmp(text, "1")) return refuse(program, std::string("metadata product is \"") + text + "\"; expected 0 or 1");
    if (*text == '1') law.info.flags |= ATH_LAW_PRODUCT;
  }
  law.info.alignment = 1;
  if (const char* text = ath_program_metadata(&program, "alignment")) {
    const char* const end = text + std::strlen(text);
    const auto [stop, error] = std::from_chars(text, end, law.info.alignment);
    if (error != std::errc() || stop != end || law.info.alignment < 1)
      return refuse(program, std::string("metadata alignment is \"") + text + "\"; expected a number from 1");
  }
  return ath_program_digest(&program, law.info.digest);
}

ath_status plan(ProgramLaw& law, uint32_t count, uint32_t height, uint32_t width, ath_executable** out_executable) {
  const int64_t halo = 2 * int64_t{law.info.radius};
  const ath_symbol_value values[3] = {{law.symbols[0], count}, {law.symbols[1], height + halo}, {law.symbols[2], width + halo}};
  return ath_executable_create(law.program, law.devices.data(), law.devices.size(), values, 3, out_executable);
}

// The executable of this shape, made when it is new.
ath_status executable_for(ProgramLaw& law, uint32_t count, uint32_t height, uint32_t width, ath_executable** out_executable) {
  const auto find = [&]() -> ath_executable* {
    for (const Planned& planned : law.planned)
      if (planned.count == count && planned.height == height && planned.width == width) return planned.executable;
    return nullptr;
  };
  {
    const std::shared_lock lock(law.mutex);
    if ((*out_executable = find())) return ATH_OK;
  }
  const std::unique_lock lock(law.mutex);
  if ((*out_executable = find())) return ATH_OK;
  law.planned.reserve(law.planned.size() + 1);
  ATH_RETURN_IF_ERROR(plan(law, count, height, width, out_executable));
  law.planned.push_back({count, height, width, *out_executable});
  return ATH_OK;
}

ath_status describe(void* self, ath_law_info* out_info) {
  const auto& law = *static_cast<ProgramLaw*>(self);
  ath_law_info info = law.info;
  info.struct_bytes = std::min(out_info->struct_bytes, uint32_t{sizeof info});  // an engine of before has less room
  info.name = law.name.c_str();
  info.backend = law.backend.c_str();
  std::memcpy(out_info, &info, info.struct_bytes);
  return ATH_OK;
}

ath_status prepare(void* self, uint32_t count, uint32_t height, uint32_t width, uint32_t workers) {
  return guarded("law", [&]() -> ath_status {
    auto& law = *static_cast<ProgramLaw*>(self);
    ath_executable* executable = nullptr;
    ATH_RETURN_IF_ERROR(executable_for(law, count, height, width, &executable));
    if (law.scratch.size() < workers) law.scratch.resize(workers);
    for (uint32_t i = 0; i < workers; ++i)
      if (law.scratch[i].size() < executable->scratch_bytes) law.scratch[i] = AlignedBytes(executable->scratch_bytes);
    return ATH_OK;
  });
}

ath_status forward(void* self, const ath_law_batch* batch) {
  return guarded("law", [&]() -> ath_status {
    auto& law = *static_cast<ProgramLaw*>(self);
    ath_executable* executable = nullptr;
    ATH_RETURN_IF_ERROR(executable_for(law, batch->count, batch->height, batch->width, &executable));
    if (batch->worker >= law.scratch.size())
      return ath_status_set(ATH_FAILED_PRECONDITION, "law \"%s\": worker %u, but prepare was told of %zu", law.name.c_str(), batch->worker, law.scratch.size());
    AlignedBytes& scratch = law.scratch[batch->worker];
    if (scratch.size() < executable->scratch_bytes) scratch = AlignedBytes(executable->scratch_bytes);
    const void* const inputs[1] = {batch->input};
    void* const outputs[1] = {batch->output};
    const ath_run run = {sizeof(ath_run), 1, inputs, outputs, 1, batch->domains ? batch->count : 0, batch->domains, scratch.data()};
    return ath_executable_run(executable, &run);
  });
}

void destroy(void* self) { delete static_cast<ProgramLaw*>(self); }

}  // namespace
}  // namespace atheria

ath_status ath_law_from_program(ath_program* program, ath_device* const* devices, size_t device_count, ath_law* out_law) {
  using namespace atheria;
  if (!program || !out_law || (device_count && !devices)) return ath_status_set(ATH_INVALID_ARGUMENT, "law: program, devices or out_law is null");
  ATH_RETURN_IF_ERROR(ath_program_verify(program));
  return guarded("law", [&]() -> ath_status {
    auto law = std::make_unique<ProgramLaw>();
    law->program = program;
    ath_program_retain(program);
    for (size_t i = 0; i < device_count; ++i) {
      if (!devices[i]) return ath_status_set(ATH_INVALID_ARGUMENT, "law: device %zu of %zu is null", i, device_count);
      law->devices.push_back(devices[i]);
      ath_device_retain(devices[i]);
    }
    ATH_RETURN_IF_ERROR(read_shapes(*law));
    ATH_RETURN_IF_ERROR(read_metadata(*law));
    // A plan for one cell says now what no backend can do, and who will compute.
    ath_executable* probe = nullptr;
    ATH_RETURN_IF_ERROR(plan(*law, 1, 1, 1, &probe));
    for (const ath_device* device : probe->devices) law->backend += (law->backend.empty() ? "" : "+") + std::string(device->backend->name);
    ath_executable_release(probe);
    *out_law = {sizeof(ath_law), ATH_ABI_VERSION, law.release(), describe, prepare, forward, destroy};
    return ATH_OK;
  });
}

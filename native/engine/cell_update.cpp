// Builds and runs the qca_update program.
#include "cell_update.hpp"

#include <bit>
#include <cstdio>

#include "tile_key.hpp"

namespace atheria::engine {
namespace {

ath_status add_tensor(ath_program* program, const char* name, ath_role role, uint32_t channels, uint32_t* out_handle) {
  ath_tensor tensor{};
  std::snprintf(tensor.name, sizeof tensor.name, "%s", name);
  tensor.dtype = ATH_DTYPE_F32;
  tensor.role = role;
  tensor.rank = channels == 0 ? 1 : 2;
  tensor.dims[0].extent = kTileCells;
  tensor.dims[1].extent = static_cast<int32_t>(channels);
  return ath_program_add_tensor(program, &tensor, nullptr, 0, out_handle);
}

ath_status build(ath_program* program, uint32_t channels, uint32_t flags, float gamma, bool with_background) {
  uint32_t psi, delta, background = 0, out, activity;
  ath_status status = ath_program_set_metadata(program, "name", "engine step");
  if (status == ATH_OK) status = add_tensor(program, "psi", ATH_ROLE_INPUT, channels, &psi);
  if (status == ATH_OK) status = add_tensor(program, "delta", ATH_ROLE_INPUT, channels, &delta);
  if (status == ATH_OK && with_background) status = add_tensor(program, "background", ATH_ROLE_INPUT, channels, &background);
  if (status == ATH_OK) status = add_tensor(program, "out", ATH_ROLE_OUTPUT, channels, &out);
  if (status == ATH_OK) status = add_tensor(program, "activity", ATH_ROLE_OUTPUT, 0, &activity);
  if (status != ATH_OK) return status;
  const ath_instruction instructions[] = {
      {ATH_OP_ATTR, {flags, std::bit_cast<uint32_t>(gamma), with_background ? background + 1 : 0, 0}},
      {ATH_OP_QCA_UPDATE, {out, activity, psi, delta}},
      {ATH_OP_HALT, {0, 0, 0, 0}},
  };
  for (const ath_instruction& instruction : instructions) {
    status = ath_program_add_instruction(program, &instruction);
    if (status != ATH_OK) return status;
  }
  return ATH_OK;
}

}  // namespace

CellUpdate::~CellUpdate() { ath_executable_release(executable_); }

ath_status CellUpdate::create(uint32_t channels, bool product, bool normalize, float gamma, bool with_background, ath_device* const* devices,
                              size_t device_count) {
  with_background_ = with_background;
  ath_program* program = nullptr;
  ath_status status = ath_program_create(&program);
  if (status != ATH_OK) return status;
  status = build(program, channels, (product ? 1u : 0u) | (normalize ? 2u : 0u), gamma, with_background);
  if (status == ATH_OK) status = ath_executable_create(program, devices, device_count, nullptr, 0, &executable_);
  ath_program_release(program);
  return status;
}

ath_status CellUpdate::run(const float* psi, const float* delta, const float* background, float* out, float* activity, void* scratch) const {
  const void* inputs[3] = {psi, delta, background};
  void* outputs[2] = {out, activity};
  ath_run run{};
  run.struct_bytes = sizeof run;
  run.input_count = with_background_ ? 3 : 2;
  run.inputs = inputs;
  run.outputs = outputs;
  run.output_count = 2;
  run.scratch = scratch;
  return ath_executable_run(executable_, &run);
}

}  // namespace atheria::engine

// Planning for devices with memory of their own: what each step needs is brought to where the step works, and results come back at the end.
#include "placement.hpp"

#include <algorithm>

#include "base/guard.hpp"
#include "device/plugin.hpp"
#include "opcodes.hpp"

namespace atheria {
namespace {

size_t round_to_line(size_t bytes) { return (bytes + ATH_ALIGNMENT - 1) / ATH_ALIGNMENT * ATH_ALIGNMENT; }

// Puts `bytes` at the end of a block; what does not fit in memory has no place.
size_t append(size_t& block, size_t bytes) {
  const size_t at = block;
  if (bytes > PTRDIFF_MAX - ATH_ALIGNMENT - at) throw std::bad_alloc();
  block = at + round_to_line(bytes);
  return at;
}

}  // namespace

uint32_t Placement::place_of(ath_device* device) {
  if (!device->own_memory) return 0;
  for (size_t i = 0; i < places_.size(); ++i)
    if (places_[i].device == device) return uint32_t(i + 1);
  places_.push_back({});
  places_.back().device = device;
  return uint32_t(places_.size());
}

void Placement::touch(uint32_t index, uint32_t place, size_t step) {
  Lifetime& life = lives_[index];
  if (!touched_[index]) life = {step, step, bytes_[index]};
  life.last = std::max(life.last, step);
  touched_[index] |= 1u << place;
}

// Brings a tensor to a place; from one device to another by way of the host.
void Placement::fetch(uint32_t index, uint32_t place) {
  if (valid_[index] >> place & 1) return;
  if (index < executable_.fixed_addresses.size()) return;  // constants are at every place that needs them before the first run
  if (place && !(valid_[index] & 1)) fetch(index, 0);
  if (place) {
    actions_.push_back({Action::upload, place, index});
  } else {
    uint32_t from = 1;
    while (!(valid_[index] >> from & 1)) ++from;
    actions_.push_back({Action::download, from, index});
    touched_[index] |= 1;
  }
  valid_[index] |= 1u << place;
}

void Placement::mask(uint32_t number, uint32_t place) {
  const uint32_t index = executable_.masks[number].address;
  const bool by_device = !place || ATH_BACKEND_HAS(places_[place - 1].device->backend, mask_domains);
  if (!by_device) touched_[index] |= 1;
  if (place && by_device) places_[place - 1].domains_offset = 0;  // some place for them; where is decided later
  actions_.push_back({by_device && place ? Action::mask_device : Action::mask_host, place, number});
  valid_[index] = 1u << place;
}

ath_status Placement::plan(std::vector<size_t> bytes, const std::vector<size_t>& op_scratch) {
  bytes_ = std::move(bytes);
  const size_t count = bytes_.size();
  const auto constants = uint32_t(executable_.fixed_addresses.size());
  const uint32_t outputs = constants + executable_.input_count, locals = outputs + executable_.output_count;
  valid_.assign(count, 0);
  touched_.assign(count, 0);
  lives_.assign(count, {});
  for (uint32_t index = 0; index < outputs; ++index) valid_[index] = 1;  // constants and inputs
  for (size_t i = 0; i < executable_.steps.size(); ++i) {
    const Step& step = executable_.steps[i];
    const uint32_t place = place_of(executable_.ops[i].device);
    if (places_.size() > 31) return ath_status_set(ATH_UNSUPPORTED, "plan: more than 31 devices with memory of their own");
    step_places_.push_back(place);
    const char* slots = opcode_find(executable_.program->code[executable_.ops[i].index].opcode)->slots;
    const auto writes = [&](int slot) { return slot < 4 && slots[slot] == 'o'; };
    for (int slot = 0; slot < 5; ++slot) {
      if (!step.operands[slot]) continue;
      touch(step.operands[slot], place, i);
      if (!writes(slot)) fetch(step.operands[slot], place);
    }
    if (step.mask != kNoMask) mask(step.mask, place);
    actions_.push_back({Action::execute, place, uint32_t(i)});
    for (int slot = 0; slot < 5; ++slot)
      if (step.operands[slot] && writes(slot)) valid_[step.operands[slot]] = 1u << place;
  }
  for (uint32_t index = outputs; index < locals; ++index) {
    if (!valid_[index]) continue;
    fetch(index, 0);
    lives_[index].last = executable_.steps.size();
  }
  for (uint32_t number = 1; number <= places_.size(); ++number) {
    lay_out_place(number, op_scratch);
    ATH_RETURN_IF_ERROR(upload_constants(places_[number - 1]));
  }
  return ATH_OK;
}

void Placement::lay_out_place(uint32_t number, const std::vector<size_t>& op_scratch) {
  Place& place = places_[number - 1];
  place.offsets.assign(bytes_.size(), kNowhere);
  const size_t constants = executable_.fixed_addresses.size();
  std::vector<uint32_t> here;
  for (uint32_t index = 1; index < bytes_.size(); ++index) {
    if (!(touched_[index] >> number & 1)) continue;
    if (index < constants) place.offsets[index] = append(place.constant_bytes, bytes_[index]);
    else here.push_back(index);
  }
  std::stable_sort(here.begin(), here.end(), [&](uint32_t a, uint32_t b) { return lives_[a].first < lives_[b].first; });
  std::vector<Lifetime> lives;
  for (const uint32_t index : here) lives.push_back(lives_[index]);
  const ScratchLayout layout = lay_out(lives);
  for (size_t i = 0; i < here.size(); ++i) place.offsets[here[i]] = layout.offsets[i];
  place.run_bytes = layout.bytes;
  size_t scratch = 0;
  for (size_t step = 0; step < step_places_.size(); ++step)
    if (step_places_[step] == number) scratch = std::max(scratch, op_scratch[step]);
  place.op_scratch_offset = append(place.run_bytes, scratch);
  if (place.domains_offset != kNowhere) place.domains_offset = append(place.run_bytes, size_t(executable_.batch) * sizeof(ath_rectangle));
}

ath_status Placement::upload_constants(Place& place) {
  if (!place.constant_bytes) return ATH_OK;
  const ath_backend* backend = place.device->backend;
  ATH_RETURN_IF_ERROR(backend->memory_allocate(place.device->self, place.constant_bytes, &place.constants));
  for (uint32_t index = 1; index < executable_.fixed_addresses.size(); ++index) {
    if (place.offsets[index] == kNowhere) continue;
    ATH_RETURN_IF_ERROR(backend->memory_upload(place.device->self, static_cast<char*>(place.constants) + place.offsets[index],
                                               executable_.fixed_addresses[index], bytes_[index]));
  }
  return ATH_OK;
}

Placement::~Placement() {
  for (const std::unique_ptr<PlacedRun>& run : idle_) free_run(*run);
  for (const Place& place : places_)
    if (place.constants) place.device->backend->memory_free(place.device->self, place.constants, place.constant_bytes);
}

}  // namespace atheria

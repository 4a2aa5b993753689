// Running on devices with memory of their own: a block of device memory for each run at a time, then the planned actions.
#include "placement.hpp"

#include <cstdio>

#include "base/guard.hpp"
#include "device/plugin.hpp"

namespace atheria {

void Placement::free_run(const PlacedRun& run) {
  for (size_t i = 0; i < run.memory.size(); ++i)
    if (run.memory[i]) places_[i].device->backend->memory_free(places_[i].device->self, run.memory[i], places_[i].run_bytes);
}

ath_status Placement::acquire(std::unique_ptr<PlacedRun>* out_run) {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      *out_run = std::move(idle_.back());
      idle_.pop_back();
      return ATH_OK;
    }
    idle_.reserve(++runs_);  // so that giving back never needs memory
  }
  auto run = std::make_unique<PlacedRun>();
  run->memory.assign(places_.size(), nullptr);
  run->tables.assign(places_.size(), std::vector<void*>(bytes_.size(), nullptr));
  for (size_t i = 0; i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (!place.run_bytes) continue;  // its ops have no operands
    if (const ath_status status = place.device->backend->memory_allocate(place.device->self, place.run_bytes, &run->memory[i])) {
      char why[1024];
      std::snprintf(why, sizeof why, "%s", ath_status_message());
      free_run(*run);
      return ath_status_set(status, "program \"%s\": no device memory for a run: %s", program_name(*executable_.program), why);
    }
    for (size_t index = 1; index < bytes_.size(); ++index) {
      if (place.offsets[index] == kNowhere) continue;
      void* const block = index < executable_.fixed_addresses.size() ? place.constants : run->memory[i];
      run->tables[i][index] = static_cast<char*>(block) + place.offsets[index];
    }
  }
  *out_run = std::move(run);
  return ATH_OK;
}

void Placement::release(std::unique_ptr<PlacedRun> run) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(run));
}

ath_status Placement::mask_on_host(const Place& place, const DomainMask& mask, void* at_place, void* at_host, const ath_rectangle* domains,
                                   uint32_t domain_count) const {
  const ath_backend* backend = place.device->backend;
  ATH_RETURN_IF_ERROR(backend->memory_download(place.device->self, at_host, at_place, bytes_[mask.address]));
  apply_mask(mask, static_cast<float*>(at_host), domains, domain_count);
  return backend->memory_upload(place.device->self, at_place, at_host, bytes_[mask.address]);
}

ath_status Placement::act(const PlacedRun& run, void* const* table, void* host_op_scratch, const ath_rectangle* domains, uint32_t domain_count) const {
  for (size_t i = 0; domains && i < places_.size(); ++i) {
    const Place& place = places_[i];
    if (place.domains_offset == kNowhere) continue;
    ATH_RETURN_IF_ERROR(place.device->backend->memory_upload(place.device->self, static_cast<char*>(run.memory[i]) + place.domains_offset, domains,
                                                             domain_count * sizeof(ath_rectangle)));
  }
  for (const Action& action : actions_) {
    const bool masks = action.kind == Action::mask_device || action.kind == Action::mask_host;
    if (masks && !domains) continue;
    const uint32_t number = action.place - 1;
    const Place* place = action.place ? &places_[number] : nullptr;
    void* const* here = place ? run.tables[number].data() : table;
    ath_status status = ATH_OK;
    switch (action.kind) {
      case Action::upload:
        status = place->device->backend->memory_upload(place->device->self, here[action.index], table[action.index], bytes_[action.index]);
        break;
      case Action::download:
        status = place->device->backend->memory_download(place->device->self, table[action.index], here[action.index], bytes_[action.index]);
        break;
      case Action::execute: {
        const Step& step = executable_.steps[action.index];
        void* const operands[5] = {here[step.operands[0]], here[step.operands[1]], here[step.operands[2]], here[step.operands[3]], here[step.operands[4]]};
        void* const scratch = place ? static_cast<char*>(run.memory[number]) + place->op_scratch_offset : host_op_scratch;
        status = step.execute(step.device, step.prepared, operands, scratch);
        break;
      }
      case Action::mask_device: {
        const DomainMask& mask = executable_.masks[action.index];
        const ath_mask told = {sizeof(ath_mask), domain_count, mask.height, mask.width, mask.channels, mask.shift_y, mask.shift_x};
        status = place->device->backend->mask_domains(place->device->self, &told, here[mask.address],
                                                      static_cast<char*>(run.memory[number]) + place->domains_offset);
        break;
      }
      case Action::mask_host: {
        const DomainMask& mask = executable_.masks[action.index];
        if (place) status = mask_on_host(*place, mask, here[mask.address], table[mask.address], domains, domain_count);
        else apply_mask(mask, static_cast<float*>(table[mask.address]), domains, domain_count);
        break;
      }
    }
    if (status) return status;
  }
  return ATH_OK;
}

ath_status Placement::run(void* const* table, void* host_op_scratch, const ath_rectangle* domains, uint32_t domain_count) {
  return guarded("run", [&]() -> ath_status {
    std::unique_ptr<PlacedRun> run;
    ATH_RETURN_IF_ERROR(acquire(&run));
    const ath_status status = act(*run, table, host_op_scratch, domains, domain_count);
    if (status) {
      // Nothing of this run may still be working on its memory when the next run gets it; what that says about the same failure adds nothing.
      char why[1024];
      std::snprintf(why, sizeof why, "%s", ath_status_message());
      for (const Place& place : places_)
        if (ATH_BACKEND_HAS(place.device->backend, synchronize)) (void)place.device->backend->synchronize(place.device->self);
      ath_status_set(status, "program \"%s\": %s", program_name(*executable_.program), why);
    }
    release(std::move(run));
    return status;
  });
}

}  // namespace atheria

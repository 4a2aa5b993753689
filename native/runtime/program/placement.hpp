// Programs on devices with memory of their own: which tensor is where at which step, and what is copied when. Executables that work in host memory
// alone have none of this.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "device/device.hpp"
#include "executable.hpp"
#include "scratch.hpp"

namespace atheria {

inline constexpr size_t kNowhere = SIZE_MAX;

// A device with its own memory, and where tensors lie there: in one block of constants, filled once, and one block a run.
struct Place {
  ath_device* device;                // the executable retains it
  std::vector<size_t> offsets;       // by index into the address table, of constants in their block; kNowhere
  size_t op_scratch_offset = 0;
  size_t domains_offset = kNowhere;  // the rectangles of a run, when ops of this place need masks
  size_t run_bytes = 0, constant_bytes = 0;
  void* constants = nullptr;
};

// What a run does, in order. Places count from 1; 0 is the host.
struct Action {
  enum Kind : uint32_t { upload, download, execute, mask_device, mask_host } kind;
  uint32_t place;
  uint32_t index;  // of the tensor in the address table; execute: of the step; masks: of the mask
};

// Device memory of one run at a time.
struct PlacedRun {
  std::vector<void*> memory;                // by place
  std::vector<std::vector<void*>> tables;   // address tables, by place
};

class Placement {
 public:
  explicit Placement(const ath_executable& executable) : executable_(executable) {}
  ~Placement();
  Placement(const Placement&) = delete;

  // Decides everything and uploads the constants. Of the executable its steps, ops, masks and the head of its address table are there. `bytes` are
  // the tensors' by index into the address table, `op_scratch` what each step needs.
  ath_status plan(std::vector<size_t> bytes, const std::vector<size_t>& op_scratch);

  // Whether the host ever reads or writes this tensor.
  bool on_host(uint32_t index) const { return touched_[index] & 1; }
  bool host_executes(size_t step) const { return !step_places_[step]; }

  // `table` has the host's addresses. Thread-safe.
  ath_status run(void* const* table, void* host_op_scratch, const ath_rectangle* domains, uint32_t domain_count);

 private:
  uint32_t place_of(ath_device* device);
  void fetch(uint32_t index, uint32_t place);
  void mask(uint32_t number, uint32_t place);
  void touch(uint32_t index, uint32_t place, size_t step);
  void lay_out_place(uint32_t number, const std::vector<size_t>& op_scratch);
  ath_status upload_constants(Place& place);
  ath_status acquire(std::unique_ptr<PlacedRun>* out_run);
  void release(std::unique_ptr<PlacedRun> run);
  void free_run(const PlacedRun& run);
  ath_status act(const PlacedRun& run, void* const* table, void* host_op_scratch, const ath_rectangle* domains, uint32_t domain_count) const;
  ath_status mask_on_host(const Place& place, const DomainMask& mask, void* at_place, void* at_host, const ath_rectangle* domains, uint32_t domain_count) const;

  const ath_executable& executable_;
  std::vector<Place> places_;                     // place 1 first
  std::vector<Action> actions_;
  std::vector<uint32_t> step_places_;
  // By index into the address table.
  std::vector<size_t> bytes_;
  std::vector<uint32_t> valid_;                   // while planning: a bit for each place that has the contents
  std::vector<uint32_t> touched_;                 // a bit for each place that ever has them
  std::vector<Lifetime> lives_;                   // over the steps, wherever

  std::mutex mutex_;                              // of what follows
  std::vector<std::unique_ptr<PlacedRun>> idle_;
  size_t runs_ = 0;                               // at most so many, idle and busy, were ever asked for
};

}  // namespace atheria

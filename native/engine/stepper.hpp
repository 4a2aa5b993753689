// One step of the universe: frontier, batches through the law, update, commit. Until the commit the state of before is untouched.
#pragma once

#include <cstdint>
#include <vector>

#include "aligned_buffer.hpp"
#include "atheria/engine.h"
#include "block.hpp"
#include "cell_update.hpp"
#include "frontier.hpp"
#include "halo.hpp"
#include "law.hpp"
#include "universe.hpp"

namespace atheria::engine {

class Stepper {
 public:
  Stepper(Law& law, const ath_engine_config& config, const Domain& domain);

  // Plans the update on the devices.
  ath_status create(ath_device* const* devices, size_t device_count);
  void set_pool(ath_pool* pool) { pool_ = pool; }
  // Throws std::bad_alloc; then, and on failure, the state is that of before.
  ath_status step(Universe& universe, ath_step_report* out_report);

  float gamma() const { return gamma_; }

 private:
  struct Worker {
    explicit Worker(uint32_t radius) : halo(radius) {}
    HaloGather halo;
    AlignedBuffer input, output, delta, activity, update_scratch;
    std::vector<ath_rectangle> domains;
  };

  // Calls part(index, worker) for every index below `count`, on the pool.
  template <class Part>
  ath_status parallel(size_t count, const Part& part);

  uint32_t worker_count() const { return pool_ != nullptr ? ath_pool_threads(pool_) : 1; }
  size_t input_floats(int32_t width, int32_t height) const;
  size_t output_floats(int32_t width, int32_t height) const;
  ath_status prepare();
  ath_status refresh_backgrounds(Universe& universe);
  bool gather_block(const Universe& universe, const Block& block, Worker& worker, float* input, ath_rectangle* out_domain) const;
  ath_status run_batch(Universe& universe, const Batch& batch, uint32_t worker_number);
  ath_status run_batches(Universe& universe);
  ath_status run_one_call(Universe& universe, const Batch& batch);
  ath_status update_block(Universe& universe, const Block& block, const float* output, Worker& worker) const;
  ath_status update_tile(Universe& universe, Tile& tile, const float* delta, Worker& worker) const;
  ath_status check_finite(const Universe& universe, const Tile& tile, const float* out, const float* activity) const;
  CellMask awake_after(const Tile& tile, const float* activity) const;
  void commit(Universe& universe);

  Law& law_;
  ath_engine_config config_;
  float gamma_;
  Frontier frontier_;
  BlockPlan plan_;
  CellUpdate update_;
  ath_pool* pool_ = nullptr;
  std::vector<Worker> workers_;
  std::vector<KeyedSlot> candidates_;  // tiles to compute, in order
  AlignedBuffer zero_tile_;
  AlignedBuffer step_input_, step_output_;  // of a one-call law
  std::vector<ath_rectangle> step_domains_;
  uint64_t candidate_cells_ = 0;
};

}  // namespace atheria::engine

// The step. Workers read the present state and write next states and masks of their own tiles, so their order cannot matter.
#include "stepper.hpp"

#include <algorithm>
#include <cinttypes>
#include <cmath>
#include <cstring>
#include <exception>
#include <new>

#include "finite.hpp"

namespace atheria::engine {
namespace {

// Tiles that have nothing to compute are kept a while: a front that trembles would make and remove the same tiles in every step.
constexpr size_t kIdleTilesMin = 64;
constexpr size_t kIdleTilesShare = 4;  // of all tiles

template <class Part>
struct ParallelCall {
  const Part* part;
  static ath_status run(void* context, size_t begin, size_t end, uint32_t worker) noexcept {
    const Part& part = *static_cast<ParallelCall*>(context)->part;
    try {
      for (size_t i = begin; i < end; ++i) {
        const ath_status status = part(i, worker);
        if (status != ATH_OK) return status;
      }
    } catch (const std::bad_alloc&) {
      return ath_status_set(ATH_OUT_OF_MEMORY, "engine step: out of memory in worker %u; the state is that of before the step", worker);
    } catch (const std::exception& thrown) {
      return ath_status_set(ATH_INTERNAL, "engine step: C++ exception in worker %u: %s; the state is that of before the step", worker, thrown.what());
    } catch (...) {
      return ath_status_set(ATH_INTERNAL, "engine step: C++ exception in worker %u; the state is that of before the step", worker);
    }
    return ATH_OK;
  }
};

}  // namespace

Stepper::Stepper(Law& law, const ath_engine_config& config, const Domain& domain)
    : law_(law),
      config_(config),
      gamma_(std::isnan(config.gamma) ? law.gamma() : config.gamma),
      frontier_(domain, law.radius()),
      plan_({law.radius(), law.alignment(), law.channels(), config.batch_tiles, law.is_one_call()}) {}

ath_status Stepper::create(ath_device* const* devices, size_t device_count) {
  const size_t tile_floats = static_cast<size_t>(kTileCells) * law_.channels();
  zero_tile_.reserve_floats(tile_floats);
  std::memset(zero_tile_.data(), 0, tile_floats * sizeof(float));
  return update_.create(law_.channels(), law_.is_product(), config_.normalize != 0, gamma_, config_.background != ATH_BACKGROUND_ZERO, devices,
                        device_count);
}

template <class Part>
ath_status Stepper::parallel(size_t count, const Part& part) {
  ParallelCall<Part> call{&part};
  // One piece gains nothing from waking a pool.
  if (pool_ == nullptr || count <= 1) return ParallelCall<Part>::run(&call, 0, count, 0);
  return ath_pool_run(pool_, count, 1, &ParallelCall<Part>::run, &call);
}

size_t Stepper::input_floats(int32_t width, int32_t height) const {
  const size_t border = 2 * size_t{law_.radius()};
  return (static_cast<size_t>(width) + border) * (static_cast<size_t>(height) + border) * law_.channels();
}

size_t Stepper::output_floats(int32_t width, int32_t height) const { return static_cast<size_t>(width) * static_cast<size_t>(height) * law_.channels(); }

// Everything that allocates, before any worker starts.
ath_status Stepper::prepare() {
  const uint32_t count = worker_count();
  while (workers_.size() < count) workers_.emplace_back(law_.radius());
  size_t input = 0, output = 0;
  for (const Batch& batch : plan_.batches()) {
    const ath_status status =
        law_.prepare(batch.count, static_cast<uint32_t>(batch.height), static_cast<uint32_t>(batch.width), law_.is_one_call() ? 1 : count);
    if (status != ATH_OK) return status;
    input = std::max(input, batch.count * input_floats(batch.width, batch.height));
    output = std::max(output, batch.count * output_floats(batch.width, batch.height));
  }
  if (law_.is_one_call()) {
    step_input_.reserve_floats(input);
    step_output_.reserve_floats(output);
    step_domains_.resize(plan_.blocks().size());
  }
  for (uint32_t i = 0; i < count; ++i) {
    Worker& worker = workers_[i];
    if (!law_.is_one_call()) {
      worker.input.reserve_floats(input);
      worker.output.reserve_floats(output);
    }
    worker.delta.reserve_floats(output_floats(kTileSide, kTileSide));
    worker.activity.reserve_floats(kTileCells);
    worker.update_scratch.reserve_bytes(std::max<size_t>(update_.scratch_bytes(), 64));
  }
  return ATH_OK;
}

// Brings the stored background of every tile to this step's time, and with it the inactive cells of tiles that have active ones.
ath_status Stepper::refresh_backgrounds(Universe& universe) {
  if (universe.background.is_zero()) return ATH_OK;
  const std::vector<KeyedSlot>& order = universe.tiles.order();
  const uint64_t time = universe.background_time();
  const size_t channels = universe.channels();
  return parallel(order.size(), [&](size_t i, uint32_t) -> ath_status {
    Tile& tile = universe.tiles[order[i].slot];
    if (tile.background_time == time) return ATH_OK;
    universe.background.fill(time, int64_t{tile.coord.x} * kTileSide, int64_t{tile.coord.y} * kTileSide, tile.coord.z, kTileSide, kTileSide,
                             tile.background, static_cast<int64_t>(kTileSide * channels));
    tile.background_time = time;
    if (!tile.active.empty()) {
      (~tile.active).for_each_run([&](int cell, int length) {
        std::memcpy(universe.state(tile) + cell * channels, tile.background + cell * channels, length * channels * sizeof(float));
      });
    }
    return ATH_OK;
  });
}

CellMask Stepper::awake_after(const Tile& tile, const float* activity) const {
  if (config_.activity == ATH_ACTIVITY_EXACT) return tile.candidates;
  CellMask above_on, above_off;
  for (int word = 0; word < 4; ++word) {
    uint64_t on = 0, off = 0;
    for (int bit = 0; bit < 64; ++bit) {
      const float m = activity[word * 64 + bit];
      on |= static_cast<uint64_t>(m > config_.eps_on) << bit;
      off |= static_cast<uint64_t>(m > config_.eps_off) << bit;
    }
    above_on.words[word] = on;
    above_off.words[word] = off;
  }
  return tile.candidates & (above_on | (above_off & tile.active));
}

ath_status Stepper::check_finite(const Universe& universe, const Tile& tile, const float* out, const float* activity) const {
  const size_t channels = universe.channels();
  if (all_finite(out, universe.tiles.tile_floats()) && all_finite(activity, kTileCells)) return ATH_OK;
  for (int cell = 0; cell < kTileCells; ++cell) {
    if (!tile.candidates.test(cell)) continue;  // no cell of this step: nobody will see it
    if (all_finite(out + cell * channels, channels) && all_finite(activity + cell, 1)) continue;
    return ath_status_set(ATH_FAILED_PRECONDITION,
                          "step %" PRIu64 ": law \"%s\" gave a value that is not finite at cell (%d, %d, %d); the state is that of before the step; use "
                          "normalize or gamma, or look at the law's weights",
                          universe.step + 1, law_.name().c_str(), tile.coord.x * kTileSide + cell % kTileSide,
                          tile.coord.y * kTileSide + cell / kTileSide, tile.coord.z);
  }
  return ATH_OK;
}

ath_status Stepper::update_tile(Universe& universe, Tile& tile, const float* delta, Worker& worker) const {
  const float* background = tile.background != nullptr ? tile.background : zero_tile_.floats();
  const float* psi = tile.active.empty() ? background : universe.state(tile);
  float* out = universe.next_state(tile);
  float* activity = worker.activity.floats();
  ath_status status = update_.run(psi, delta, tile.background, out, activity, worker.update_scratch.data());
  if (status == ATH_OK) status = check_finite(universe, tile, out, activity);
  if (status != ATH_OK) return status;
  tile.next = awake_after(tile, activity);
  if (!tile.next.is_full() && !tile.next.empty()) {
    const size_t channels = universe.channels();
    (~tile.next).for_each_run([&](int cell, int length) {
      std::memcpy(out + cell * channels, background + cell * channels, length * channels * sizeof(float));
    });
  }
  return ATH_OK;
}

ath_status Stepper::update_block(Universe& universe, const Block& block, const float* output, Worker& worker) const {
  if (block.count == 1 && block.width == kTileSide && block.height == kTileSide) {
    return update_tile(universe, universe.tiles[candidates_[block.first].slot], output, worker);
  }
  const size_t channels = universe.channels();
  const size_t stride = static_cast<size_t>(block.width) * channels;
  float* delta = worker.delta.floats();
  for (uint32_t i = 0; i < block.count; ++i) {
    Tile& tile = universe.tiles[candidates_[block.first + i].slot];
    // The block's part of this tile; no candidate lies in the rest.
    const int32_t tile_x = tile.coord.x * kTileSide, tile_y = tile.coord.y * kTileSide;
    const int32_t x0 = std::max(tile_x, block.x), x1 = std::min(tile_x + kTileSide, block.x + block.width);
    const int32_t y0 = std::max(tile_y, block.y), y1 = std::min(tile_y + kTileSide, block.y + block.height);
    if (x1 - x0 < kTileSide || y1 - y0 < kTileSide) std::memset(delta, 0, universe.tiles.tile_floats() * sizeof(float));
    for (int32_t y = y0; y < y1; ++y) {
      std::memcpy(delta + static_cast<size_t>((y - tile_y) * kTileSide + x0 - tile_x) * channels,
                  output + static_cast<size_t>(y - block.y) * stride + static_cast<size_t>(x0 - block.x) * channels,
                  static_cast<size_t>(x1 - x0) * channels * sizeof(float));
    }
    const ath_status status = update_tile(universe, tile, delta, worker);
    if (status != ATH_OK) return status;
  }
  return ATH_OK;
}

bool Stepper::gather_block(const Universe& universe, const Block& block, Worker& worker, float* input, ath_rectangle* out_domain) const {
  return worker.halo.gather(universe, block, candidates_[block.first].slot, input, out_domain);
}

ath_status Stepper::run_batch(Universe& universe, const Batch& batch, uint32_t worker_number) {
  Worker& worker = workers_[worker_number];
  const Block* blocks = plan_.blocks().data() + batch.first;
  worker.domains.resize(batch.count);
  bool outside = false;
  for (uint32_t i = 0; i < batch.count; ++i) {
    outside |= gather_block(universe, blocks[i], worker, worker.input.floats() + i * input_floats(batch.width, batch.height), &worker.domains[i]);
  }
  ath_law_batch call{};
  call.struct_bytes = sizeof call;
  call.count = batch.count;
  call.height = static_cast<uint32_t>(batch.height);
  call.width = static_cast<uint32_t>(batch.width);
  call.worker = worker_number;
  call.input = worker.input.floats();
  call.output = worker.output.floats();
  call.domains = outside ? worker.domains.data() : nullptr;
  ath_status status = law_.forward(call);
  for (uint32_t i = 0; i < batch.count && status == ATH_OK; ++i) {
    status = update_block(universe, blocks[i], worker.output.floats() + i * output_floats(batch.width, batch.height), worker);
  }
  return status;
}

// Batches stand by falling size, so worker w takes numbers w, w + n, ...: all get the same mix.
ath_status Stepper::run_batches(Universe& universe) {
  const std::vector<Batch>& batches = plan_.batches();
  const size_t lanes = std::min<size_t>(worker_count(), batches.size());
  return parallel(lanes, [&](size_t lane, uint32_t worker) -> ath_status {
    for (size_t i = lane; i < batches.size(); i += lanes) {
      const ath_status status = run_batch(universe, batches[i], worker);
      if (status != ATH_OK) return status;
    }
    return ATH_OK;
  });
}

ath_status Stepper::run_one_call(Universe& universe, const Batch& batch) {
  const std::vector<Block>& blocks = plan_.blocks();
  const size_t count = blocks.size();
  bool outside = false;
  ath_status status = parallel(count, [&](size_t i, uint32_t worker) -> ath_status {
    gather_block(universe, blocks[i], workers_[worker], step_input_.floats() + i * input_floats(batch.width, batch.height), &step_domains_[i]);
    return ATH_OK;
  });
  if (status != ATH_OK) return status;
  const int32_t border = 2 * static_cast<int32_t>(law_.radius());
  for (const ath_rectangle& r : step_domains_) outside |= r.x0 > 0 || r.y0 > 0 || r.x1 < batch.width + border || r.y1 < batch.height + border;
  ath_law_batch call{};
  call.struct_bytes = sizeof call;
  call.count = batch.count;
  call.height = static_cast<uint32_t>(batch.height);
  call.width = static_cast<uint32_t>(batch.width);
  call.input = step_input_.floats();
  call.output = step_output_.floats();
  call.domains = outside ? step_domains_.data() : nullptr;
  status = law_.forward(call);
  if (status != ATH_OK) return status;
  return parallel(count, [&](size_t i, uint32_t worker) -> ath_status {
    return update_block(universe, blocks[i], step_output_.floats() + i * output_floats(batch.width, batch.height), workers_[worker]);
  });
}

void Stepper::commit(Universe& universe) {
  Tiles& tiles = universe.tiles;
  size_t active = 0, idle = 0;
  for (const KeyedSlot& item : tiles.order()) {
    Tile& tile = tiles[item.slot];
    if (tile.candidates.empty()) {
      ++idle;
      continue;  // has no active cell either: those are candidates
    }
    tile.active = tile.next;
    active += tile.active.count();
  }
  universe.active_count = active;
  ++universe.step;
  if (idle > kIdleTilesMin + tiles.size() / kIdleTilesShare) tiles.sweep([](const Tile& tile) { return !tile.candidates.empty(); });
}

ath_status Stepper::step(Universe& universe, ath_step_report* out_report) {
  ath_status status = frontier_.update(universe);
  if (status != ATH_OK) return status;
  candidates_.clear();
  candidate_cells_ = 0;
  for (const KeyedSlot& item : universe.tiles.order()) {
    const CellMask& cells = universe.tiles[item.slot].candidates;
    if (cells.empty()) continue;
    candidates_.push_back(item);
    candidate_cells_ += cells.count();
  }
  plan_.make(universe.tiles, candidates_, worker_count());
  if (!candidates_.empty()) {
    status = prepare();
    if (status == ATH_OK) status = refresh_backgrounds(universe);
    if (status != ATH_OK) return status;
    if (law_.is_one_call()) {
      status = run_one_call(universe, plan_.batches()[0]);
    } else {
      status = run_batches(universe);
    }
    if (status != ATH_OK) return status;
  }
  commit(universe);
  if (out_report != nullptr) {
    out_report->step = universe.step;
    out_report->active = universe.active_count;
    out_report->candidates = candidate_cells_;
    out_report->tiles = candidates_.size();
    out_report->batches = plan_.batches().size();
  }
  return ATH_OK;
}

}  // namespace atheria::engine

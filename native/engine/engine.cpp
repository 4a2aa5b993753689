// The C API of the engine: checks arguments, catches what C++ throws, and hands on.
#include "atheria/engine.h"

#include <cmath>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <vector>

#include "cells.hpp"
#include "law.hpp"
#include "snapshot.hpp"
#include "stepper.hpp"
#include "universe.hpp"
#include "vacuum.hpp"
#include "view.hpp"

using namespace atheria::engine;

struct ath_engine {
  ath_engine(const ath_law& provider) : law(provider) {}

  Law law;
  ath_engine_config config{};
  std::unique_ptr<Universe> universe;
  std::unique_ptr<Stepper> stepper;

  std::unique_ptr<Universe> empty_universe() const {
    const ath_domain kind = static_cast<ath_domain>(config.domain);
    const Domain domain{Axis(kind, config.extent_x), Axis(kind, config.extent_y)};
    const Background background(static_cast<ath_background>(config.background), config.seed, law.channels() / 2);
    return std::unique_ptr<Universe>(new Universe{domain, background, Tiles(domain, law.channels(), !background.is_zero())});
  }
  SnapshotIdentity identity() const { return SnapshotIdentity(config, law.channels(), stepper->gamma(), law.digest()); }
};

namespace {

constexpr int64_t kExtentMax = kTileBias * kTileSide;
constexpr uint32_t kBatchTilesMax = 4096;

template <class Call>
ath_status guarded(const char* what, const Call& call) noexcept {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return ath_status_set(ATH_OUT_OF_MEMORY, "%s: out of memory; the state is as it was", what);
  } catch (const std::exception& thrown) {  // ours throws none; a law's may
    return ath_status_set(ATH_INTERNAL, "%s: C++ exception: %s; the state is as it was", what, thrown.what());
  } catch (...) {
    return ath_status_set(ATH_INTERNAL, "%s: C++ exception; the state is as it was", what);
  }
}

ath_status missing(const char* function, const char* argument) {
  return ath_status_set(ATH_INVALID_ARGUMENT, "%s: %s is null", function, argument);
}

ath_status check_config(const ath_engine_config& config, const Law& law) {
  if (config.domain > ATH_DOMAIN_PERIODIC || config.background > ATH_BACKGROUND_FLUCTUATING || config.activity > ATH_ACTIVITY_THRESHOLD ||
      config.normalize > 1) {
    return ath_status_set(ATH_INVALID_ARGUMENT,
                          "engine config: domain %u, background %u, activity %u, normalize %u: expected at most %d, %d, %d, 1; begin with "
                          "ath_engine_config_default",
                          config.domain, config.background, config.activity, config.normalize, ATH_DOMAIN_PERIODIC, ATH_BACKGROUND_FLUCTUATING,
                          ATH_ACTIVITY_THRESHOLD);
  }
  if (config.domain != ATH_DOMAIN_INFINITE) {
    for (const int64_t extent : {config.extent_x, config.extent_y}) {
      if (extent < 1 || extent > kExtentMax) {
        return ath_status_set(ATH_INVALID_ARGUMENT, "engine config: extent %lld: expected 1 to %lld cells", static_cast<long long>(extent),
                              static_cast<long long>(kExtentMax));
      }
      if (extent % law.alignment() != 0) {
        return ath_status_set(ATH_UNSUPPORTED, "engine config: extent %lld: law \"%s\" needs a multiple of %u; choose another extent",
                              static_cast<long long>(extent), law.name().c_str(), law.alignment());
      }
    }
  }
  if (config.activity == ATH_ACTIVITY_THRESHOLD && !(config.eps_off >= 0 && config.eps_off <= config.eps_on && std::isfinite(config.eps_on))) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "engine config: eps_on %g, eps_off %g: expected 0 <= eps_off <= eps_on",
                          static_cast<double>(config.eps_on), static_cast<double>(config.eps_off));
  }
  if (std::isinf(config.gamma)) return ath_status_set(ATH_INVALID_ARGUMENT, "engine config: gamma is infinite; expected a number, or NaN for the law's");
  if (config.batch_tiles > kBatchTilesMax) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "engine config: batch_tiles %u: expected at most %u, or 0 to let the engine choose", config.batch_tiles,
                          kBatchTilesMax);
  }
  if (config.background != ATH_BACKGROUND_ZERO && law.channels() / 2 > kVacuumChannelsMax) {
    return ath_status_set(ATH_UNSUPPORTED, "engine config: the vacuum has at most %u channels, law \"%s\" has %u; use the zero background",
                          kVacuumChannelsMax, law.name().c_str(), law.channels() / 2);
  }
  return ATH_OK;
}

}  // namespace

extern "C" {

void ath_engine_config_default(ath_engine_config* out_config) {
  if (out_config == nullptr) return;
  *out_config = ath_engine_config{};
  out_config->struct_bytes = sizeof *out_config;
  out_config->domain = ATH_DOMAIN_INFINITE;
  out_config->background = ATH_BACKGROUND_ZERO;
  out_config->activity = ATH_ACTIVITY_THRESHOLD;
  out_config->eps_on = 1e-2f;
  out_config->eps_off = 5e-3f;
  out_config->gamma = NAN;
  out_config->normalize = 1;
}

ath_status ath_engine_create(const ath_law* law, const ath_engine_config* config, ath_device* const* devices, size_t device_count, ath_pool* pool,
                             ath_engine** out_engine) {
  if (law == nullptr) return missing("ath_engine_create", "law");
  std::unique_ptr<ath_engine> engine(new (std::nothrow) ath_engine(*law));
  if (engine == nullptr) {
    if (law->destroy != nullptr) law->destroy(law->self);
    return ath_status_set(ATH_OUT_OF_MEMORY, "ath_engine_create: out of memory");
  }
  return guarded("ath_engine_create", [&]() -> ath_status {
    if (config == nullptr) return missing("ath_engine_create", "config");
    if (out_engine == nullptr) return missing("ath_engine_create", "out_engine");
    if (config->struct_bytes < sizeof(ath_engine_config)) {
      return ath_status_set(ATH_INVALID_ARGUMENT, "ath_engine_create: config has struct_bytes %u, expected %zu; begin with ath_engine_config_default",
                            config->struct_bytes, sizeof(ath_engine_config));
    }
    ath_status status = engine->law.describe();
    if (status == ATH_OK) status = check_config(*config, engine->law);
    if (status != ATH_OK) return status;
    engine->config = *config;
    engine->universe = engine->empty_universe();
    engine->stepper = std::make_unique<Stepper>(engine->law, *config, engine->universe->domain);
    engine->stepper->set_pool(pool);
    status = engine->stepper->create(devices, device_count);
    if (status == ATH_OK) *out_engine = engine.release();
    return status;
  });
}

void ath_engine_destroy(ath_engine* engine) { delete engine; }

ath_status ath_engine_set_pool(ath_engine* engine, ath_pool* pool) {
  if (engine == nullptr) return missing("ath_engine_set_pool", "engine");
  engine->stepper->set_pool(pool);
  return ATH_OK;
}

ath_status ath_engine_write(ath_engine* engine, const int64_t* coords, const float* states, size_t count) {
  if (engine == nullptr) return missing("ath_engine_write", "engine");
  if (count != 0 && (coords == nullptr || states == nullptr)) return missing("ath_engine_write", coords == nullptr ? "coords" : "states");
  return guarded("ath_engine_write", [&] { return write_cells(*engine->universe, coords, states, count); });
}

ath_status ath_engine_read(const ath_engine* engine, const int64_t* coords, size_t count, float* out_states) {
  if (engine == nullptr) return missing("ath_engine_read", "engine");
  if (count != 0 && (coords == nullptr || out_states == nullptr)) return missing("ath_engine_read", coords == nullptr ? "coords" : "out_states");
  return guarded("ath_engine_read", [&] { return read_cells(*engine->universe, coords, count, out_states); });
}

ath_status ath_engine_activate(ath_engine* engine, const int64_t* coords, size_t count) {
  if (engine == nullptr) return missing("ath_engine_activate", "engine");
  if (count != 0 && coords == nullptr) return missing("ath_engine_activate", "coords");
  return guarded("ath_engine_activate", [&] { return write_cells(*engine->universe, coords, nullptr, count); });
}

ath_status ath_engine_deactivate(ath_engine* engine, const int64_t* coords, size_t count) {
  if (engine == nullptr) return missing("ath_engine_deactivate", "engine");
  if (count != 0 && coords == nullptr) return missing("ath_engine_deactivate", "coords");
  return guarded("ath_engine_deactivate", [&] { return deactivate_cells(*engine->universe, coords, count); });
}

void ath_engine_clear(ath_engine* engine) {
  if (engine == nullptr) return;
  engine->universe->tiles.clear();
  engine->universe->active_count = 0;
  engine->universe->step = 0;
}

size_t ath_engine_active_count(const ath_engine* engine) { return engine == nullptr ? 0 : engine->universe->active_count; }

size_t ath_engine_tile_count(const ath_engine* engine) {
  size_t count = 0;
  if (engine == nullptr) return 0;
  const Tiles& tiles = engine->universe->tiles;
  for (const KeyedSlot& item : tiles.order()) count += !tiles[item.slot].active.empty();
  return count;
}

ath_status ath_engine_export(const ath_engine* engine, int64_t* out_coords, float* out_states) {
  if (engine == nullptr) return missing("ath_engine_export", "engine");
  return guarded("ath_engine_export", [&]() -> ath_status {
    export_cells(*engine->universe, out_coords, out_states);
    return ATH_OK;
  });
}

void ath_engine_bounds(const ath_engine* engine, int64_t out_box[6]) {
  if (engine == nullptr || out_box == nullptr) return;
  bounds_of_active(*engine->universe, out_box);
}

ath_status ath_engine_step(ath_engine* engine, uint64_t steps, bool (*stop)(void* context), void* context, ath_step_report* out_report) {
  if (engine == nullptr) return missing("ath_engine_step", "engine");
  if (out_report != nullptr && out_report->struct_bytes < sizeof(ath_step_report)) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "ath_engine_step: out_report has struct_bytes %u, expected %zu: set it before the call",
                          out_report->struct_bytes, sizeof(ath_step_report));
  }
  return guarded("ath_engine_step", [&]() -> ath_status {
    for (uint64_t i = 0; i < steps; ++i) {
      if (stop != nullptr && i > 0 && stop(context)) {
        return ath_status_set(ATH_CANCELLED, "stopped on request after %llu of %llu steps", static_cast<unsigned long long>(i),
                              static_cast<unsigned long long>(steps));
      }
      const ath_status status = engine->stepper->step(*engine->universe, out_report);
      if (status != ATH_OK) return status;
    }
    return ATH_OK;
  });
}

uint64_t ath_engine_step_number(const ath_engine* engine) { return engine == nullptr ? 0 : engine->universe->step; }

ath_status ath_engine_view(const ath_engine* engine, uint32_t view, const ath_region* region, float* out_pixels) {
  if (engine == nullptr) return missing("ath_engine_view", "engine");
  if (region == nullptr || out_pixels == nullptr) return missing("ath_engine_view", region == nullptr ? "region" : "out_pixels");
  return guarded("ath_engine_view", [&] { return render_view(*engine->universe, view, *region, out_pixels); });
}

ath_status ath_engine_save(const ath_engine* engine, const char* path) {
  if (engine == nullptr) return missing("ath_engine_save", "engine");
  if (path == nullptr) return missing("ath_engine_save", "path");
  return guarded("ath_engine_save", [&] { return save_snapshot(*engine->universe, engine->identity(), path); });
}

ath_status ath_engine_load(ath_engine* engine, const char* path, bool any_law) {
  if (engine == nullptr) return missing("ath_engine_load", "engine");
  if (path == nullptr) return missing("ath_engine_load", "path");
  return guarded("ath_engine_load", [&]() -> ath_status {
    std::unique_ptr<Universe> loaded = engine->empty_universe();
    const ath_status status = load_snapshot(*loaded, engine->identity(), path, any_law);
    if (status == ATH_OK) engine->universe = std::move(loaded);
    return status;
  });
}

ath_status ath_vacuum_evaluate(uint64_t seed, uint64_t t, const int64_t* coords, size_t count, uint32_t d, float* out_states) {
  if (count != 0 && (coords == nullptr || out_states == nullptr)) return missing("ath_vacuum_evaluate", coords == nullptr ? "coords" : "out_states");
  if (d < 1 || d > kVacuumChannelsMax) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "ath_vacuum_evaluate: %u channels: the vacuum has 1 to %u", d, kVacuumChannelsMax);
  }
  return guarded("ath_vacuum_evaluate", [&]() -> ath_status {
    std::vector<float> group(static_cast<size_t>(kVacuumLanes) * 2 * d);
    for (size_t begin = 0; begin < count;) {
      VacuumCells cells;
      int lanes = 0;
      const int64_t z = coords[3 * begin + 2];
      for (; lanes < kVacuumLanes && begin + lanes < count && coords[3 * (begin + lanes) + 2] == z; ++lanes) {
        cells.x[lanes] = coords[3 * (begin + lanes)];
        cells.y[lanes] = coords[3 * (begin + lanes) + 1];
        cells.out[lanes] = group.data() + static_cast<size_t>(lanes) * 2 * d;
      }
      vacuum_evaluate(seed, t, z, cells, lanes, d);
      for (int lane = 0; lane < lanes; ++lane) {
        for (uint32_t c = 0; c < d; ++c) {
          out_states[((begin + lane) * d + c) * 2] = cells.out[lane][c];
          out_states[((begin + lane) * d + c) * 2 + 1] = cells.out[lane][d + c];
        }
      }
      begin += static_cast<size_t>(lanes);
    }
    return ATH_OK;
  });
}

}  // extern "C"

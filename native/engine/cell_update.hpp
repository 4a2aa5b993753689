// The end of a step on the 256 cells of a tile, as a one-instruction program on the engine's devices.
#pragma once

#include <cstddef>
#include <cstdint>

#include "atheria/program.h"

namespace atheria::engine {

class CellUpdate {
 public:
  CellUpdate() = default;
  ~CellUpdate();
  CellUpdate(const CellUpdate&) = delete;
  CellUpdate& operator=(const CellUpdate&) = delete;

  ath_status create(uint32_t channels, bool product, bool normalize, float gamma, bool with_background, ath_device* const* devices,
                    size_t device_count);
  size_t scratch_bytes() const { return ath_executable_scratch_bytes(executable_); }

  // psi, delta, background (ignored without one), out: [256][channels]; activity [256].
  ath_status run(const float* psi, const float* delta, const float* background, float* out, float* activity, void* scratch) const;

 private:
  ath_executable* executable_ = nullptr;
  bool with_background_ = false;
};

}  // namespace atheria::engine

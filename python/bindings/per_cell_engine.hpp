// A universe that exists before its law does: cells can be added first, a law loaded later.
#pragma once

#include <memory>
#include <string>

#include "coord.hpp"
#include "universe.hpp"

namespace atheria::bindings {

class PerCellEngine {
 public:
  // Raises the Python exception for a d_state, device, background or mode that does not exist.
  PerCellEngine(int64_t d_state, const std::string& device, int64_t grid_size, const std::string& background, const std::string& mode,
                uint64_t seed);
  // With a domain of its own (DenseEngine).
  PerCellEngine(int64_t d_state, const std::string& device, int64_t grid_size, const ath_engine_config& config);

  Universe& universe() const { return *universe_; }
  int64_t grid_size() const { return grid_size_; }
  const std::string& last_error() const { return last_error_; }
  Coords cell(const Coord3D& coord) const;

  // Steps count from 0 again. Raises the Python exception while a step runs.
  bool load_model(const std::string& path);
  // Raises the Python exception if no law is loaded. Returns the number of active cells.
  uint64_t step(uint64_t steps);

 private:
  std::unique_ptr<Universe> universe_;
  ath_engine_config config_ = {};
  std::string device_;
  std::string last_error_;
  int64_t grid_size_ = 0;
  bool has_law_ = false;
};

}  // namespace atheria::bindings

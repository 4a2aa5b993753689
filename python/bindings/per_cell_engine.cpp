// Before a law is loaded the universe has one of radius 0 that is never asked.
#include "per_cell_engine.hpp"

#include <cstring>

#include "config.hpp"
#include "status.hpp"

namespace atheria::bindings {
namespace {

ath_engine_config config_of(const std::string& background, const std::string& mode, uint64_t seed) {
  ath_engine_config config = default_config();
  config.background = background_of_name(background);
  config.activity = activity_of_name(mode);
  config.seed = seed;
  return config;
}

std::shared_ptr<CallableLaw> no_law(int64_t d) {
  auto law = std::make_shared<CallableLaw>();
  law->name = "none";
  law->d = static_cast<uint32_t>(d);
  law->forward = py::none();
  return law;
}

}  // namespace

PerCellEngine::PerCellEngine(int64_t d_state, const std::string& device, int64_t grid_size, const std::string& background,
                             const std::string& mode, uint64_t seed)
    : PerCellEngine(d_state, device, grid_size, config_of(background, mode, seed)) {}

PerCellEngine::PerCellEngine(int64_t d_state, const std::string& device, int64_t grid_size, const ath_engine_config& config)
    : config_(config), device_(device), grid_size_(grid_size) {
  if (d_state < 1 || d_state > 1024) raise_usage("d_state " + std::to_string(d_state) + ", expected 1 to 1024");
  if (grid_size < 1 || grid_size > 32768) raise_usage("grid_size " + std::to_string(grid_size) + ", expected 1 to 32768");
  universe_ = std::make_unique<Universe>(no_law(d_state), config_, device_, 0);
}

Coords PerCellEngine::cell(const Coord3D& coord) const {
  Coords out({py::ssize_t{1}, py::ssize_t{3}});
  const int64_t values[3] = {coord.x, coord.y, coord.z};
  std::memcpy(out.mutable_data(), values, sizeof(values));
  return out;
}

bool PerCellEngine::load_model(const std::string& path) {
  (void)universe_->engine();  // raises while a step runs: the one it would replace
  try {
    // Reads the head first, so that no file's size is believed.
    const py::object bytes = py::module_::import("atheria.law").attr("read_law_file")(path);
    auto loaded = std::make_unique<Universe>(bytes.cast<std::string>(), config_, device_, 0);
    if (loaded->d() != universe_->d()) {
      last_error_ = "law " + path + " has d = " + std::to_string(loaded->d()) + ", this engine was made with d_state = " + std::to_string(universe_->d());
      return false;
    }
    const py::tuple cells = universe_->export_cells();
    loaded->write(cells[0], cells[1]);
    (void)universe_->engine();  // another thread may have begun a step of it while these arrays were made
    universe_ = std::move(loaded);
  } catch (py::error_already_set& error) {
    last_error_ = py::str(error.value());
    if (last_error_.find(path) == std::string::npos) last_error_ = path + ": " + last_error_;
    return false;
  }
  has_law_ = true;
  last_error_.clear();
  return true;
}

uint64_t PerCellEngine::step(uint64_t steps) {
  if (!has_law_) Outcome{ATH_FAILED_PRECONDITION, "no law is loaded: call load_model(path of a law file) first"}.raise_if_failed();
  return universe_->step(steps).active;
}

}  // namespace atheria::bindings

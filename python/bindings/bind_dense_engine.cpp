// DenseEngine: a square with zero borders in which every cell is active.
#include <pybind11/stl.h>

#include "config.hpp"
#include "per_cell_engine.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {
namespace {

ath_engine_config dense_config(int64_t grid_size) {
  ath_engine_config config = default_config();
  config.domain = ATH_DOMAIN_BOUNDED;
  config.extent_x = config.extent_y = grid_size;
  config.activity = ATH_ACTIVITY_EXACT;
  return config;
}

py::array get_state(const PerCellEngine& engine) {
  return engine.universe().view(ATH_VIEW_STATE, {0, 0, engine.grid_size(), engine.grid_size(), 0});
}

void set_state(PerCellEngine& engine, const py::object& state) {
  const py::ssize_t side = engine.grid_size(), d = engine.universe().d();
  py::array array = py::array::ensure(state);
  if (!array) throw py::error_already_set();
  const bool batched = array.ndim() == 4 && array.shape(0) == 1;
  if (array.size() != side * side * d || (array.ndim() != 3 && !batched) || array.shape(array.ndim() - 1) != d) {
    raise_usage("state has shape " + std::string(py::str(array.attr("shape"))) + ", expected [" + std::to_string(side) + ", " +
                std::to_string(side) + ", " + std::to_string(d) + "]");
  }
  Coords coords({side * side, py::ssize_t{3}});
  int64_t* cell = coords.mutable_data();
  for (int64_t y = 0; y < side; ++y) {
    for (int64_t x = 0; x < side; ++x, cell += 3) cell[0] = x, cell[1] = y, cell[2] = 0;
  }
  engine.universe().write(coords, array.reshape({side * side, d}));
}

struct DenseEngine : PerCellEngine {
  DenseEngine(int64_t side, int64_t d_state, const std::string& device) : PerCellEngine(d_state, device, side, dense_config(side)) {
    set_state(*this, py::module_::import("numpy").attr("zeros")(py::make_tuple(side, side, d_state), "complex64"));
  }
};

}  // namespace

void bind_dense_engine(py::module_& module) {
  py::class_<DenseEngine>(module, "DenseEngine", "A square of grid_size cells a side, zero border, every cell active; states are numpy arrays.")
      .def(py::init<int64_t, int64_t, const std::string&>(), py::arg("grid_size"), py::arg("d_state"), py::arg("device") = "cpu")
      .def("load_model", &PerCellEngine::load_model, py::arg("model_path"),
           "Loads a law file (.atl); the state stays, steps count from 0 again. False when it cannot, and get_last_error() says why.")
      .def("get_last_error", &PerCellEngine::last_error)
      .def("step", &PerCellEngine::step, py::arg("steps") = 1, "Runs steps without the GIL; returns the number of cells.")
      .def("get_state", [](const DenseEngine& e) { return get_state(e); }, "complex64 [grid_size, grid_size, d_state], row y, column x.")
      .def("set_state", [](DenseEngine& e, const py::object& state) { set_state(e, state); }, py::arg("state"),
           "complex64 [grid_size, grid_size, d_state], a leading axis of 1 is allowed.")
      .def("get_step_count", [](const DenseEngine& e) { return e.universe().step_number(); })
      .def(
          "compute_visualization",
          [](const DenseEngine& e, const std::string& kind) {
            return e.universe().view(view_of_name(kind), {0, 0, e.grid_size(), e.grid_size(), 0});
          },
          py::arg("viz_type") = "density");
}

}  // namespace atheria::bindings

// Engine: the per-cell surface that users of the older extension have, with array methods beside every call.
#include <pybind11/stl.h>

#include "config.hpp"
#include "coord.hpp"
#include "per_cell_engine.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {
namespace {

// The cube of side 2 radius + 1 cut to the cell's plane: laws act within a plane.
Coords neighbourhood(const Coord3D& centre, int64_t radius) {
  if (radius < 0 || radius > 4096) raise_usage("radius " + std::to_string(radius) + ", expected 0 to 4096");
  const int64_t side = 2 * radius + 1;
  Coords out({static_cast<py::ssize_t>(side * side), py::ssize_t{3}});
  int64_t* cell = out.mutable_data();
  for (int64_t dy = -radius; dy <= radius; ++dy) {
    for (int64_t dx = -radius; dx <= radius; ++dx) {
      *cell++ = centre.x + dx;
      *cell++ = centre.y + dy;
      *cell++ = centre.z;
    }
  }
  return out;
}

std::vector<Coord3D> listed(const Coords& coords) {
  std::vector<Coord3D> out;
  const int64_t* cell = coords.data();
  for (py::ssize_t i = 0; i < coords.shape(0); ++i, cell += 3) out.push_back({cell[0], cell[1], cell[2]});
  return out;
}

std::vector<Coord3D> query_radius(const PerCellEngine& engine, const Coord3D& centre, int64_t radius) {
  std::vector<Coord3D> out;
  for (const Coord3D& c : listed(engine.universe().active_coords())) {
    if (std::abs(c.x - centre.x) <= radius && std::abs(c.y - centre.y) <= radius && std::abs(c.z - centre.z) <= radius) out.push_back(c);
  }
  return out;
}

}  // namespace

void bind_engine(py::module_& module) {
  py::class_<PerCellEngine>(module, "Engine",
                            "A sparse universe by its older names. States are numpy complex64 [d]; a torch tensor on the CPU is taken too."
                            " get_states, add_particles and get_active_array are the fast forms.")
      .def(py::init<int64_t, const std::string&, int64_t, const std::string&, const std::string&, uint64_t>(), py::arg("d_state"),
           py::arg("device") = "cpu", py::arg("grid_size") = 64, py::kw_only(), py::arg("background") = "zero",
           py::arg("mode") = "threshold", py::arg("seed") = 0)
      .def("load_model", &PerCellEngine::load_model, py::arg("model_path"),
           "Loads a law file (.atl); cells stay, steps count from 0 again. False when it cannot, and get_last_error() says why.")
      .def("get_last_error", &PerCellEngine::last_error)
      .def(
          "add_particle", [](PerCellEngine& e, const Coord3D& c, const py::object& state) { e.universe().write(e.cell(c), state); },
          py::arg("coord"), py::arg("state"), "Copies complex64 [d] into a cell and makes it active.")
      .def(
          "add_particles", [](PerCellEngine& e, const py::object& coords, const py::object& states) { e.universe().write(coords, states); },
          py::arg("coords"), py::arg("states"), "int64 [n, 3] and complex64 [n, d].")
      .def(
          "get_state_at",
          [](const PerCellEngine& e, const Coord3D& c) { return e.universe().read(e.cell(c)).reshape({e.universe().d()}); },
          py::arg("coord"), "A copy of the state, matter or background: complex64 [d].")
      .def(
          "get_states", [](const PerCellEngine& e, const py::object& coords) { return e.universe().read(coords); }, py::arg("coords"),
          "complex64 [n, d] for int64 [n, 3].")
      .def("step_native", &PerCellEngine::step, py::arg("steps") = 1, "Runs steps without the GIL; returns the number of active cells.")
      .def("get_matter_count", [](const PerCellEngine& e) { return e.universe().active_count(); })
      .def("get_step_count", [](const PerCellEngine& e) { return e.universe().step_number(); })
      .def("clear", [](PerCellEngine& e) { e.universe().clear(); })
      .def(
          "activate_neighborhood",
          [](PerCellEngine& e, const Coord3D& c, int64_t radius) { e.universe().activate(neighbourhood(c, radius)); }, py::arg("coord"),
          py::arg("radius") = 1, "Makes the square of side 2 radius + 1 in the cell's plane active.")
      .def("get_active_coords", [](const PerCellEngine& e) { return listed(e.universe().active_coords()); })
      .def("get_active_array", [](const PerCellEngine& e) { return e.universe().active_coords(); }, "int64 [n, 3], in canonical order.")
      .def("query_radius", query_radius, py::arg("center"), py::arg("radius"),
           "Active cells not further than radius in x, y and z (a box).")
      .def(
          "compute_visualization",
          [](const PerCellEngine& e, const std::string& kind) {
            return e.universe().view(view_of_name(kind), {0, 0, e.grid_size(), e.grid_size(), 0});
          },
          py::arg("viz_type") = "density", "float32 [grid_size, grid_size] of plane 0 (holographic: [.., 3]).")
      .def_property_readonly("d_state", [](const PerCellEngine& e) { return e.universe().d(); })
      .def_property_readonly("grid_size", &PerCellEngine::grid_size)
      .def_property_readonly("backend", [](const PerCellEngine& e) { return std::string(e.universe().law_info().backend); });
}

}  // namespace atheria::bindings

// HarmonicVacuum: the background of a universe, for cells of one's choice.
#include "arrays.hpp"
#include "atheria/engine.h"
#include "coord.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {
namespace {

struct HarmonicVacuum {
  uint32_t d;
  uint64_t seed;

  States states(const py::object& coords, uint64_t t) const {
    const Coords where = as_coords(coords);
    States out({where.shape(0), py::ssize_t{d}});
    check(ath_vacuum_evaluate(seed, t, where.data(), static_cast<size_t>(where.shape(0)), d, floats(out)));
    return out;
  }

  py::array state(const Coord3D& c, uint64_t t) const {
    const int64_t coords[3] = {c.x, c.y, c.z};
    States out({py::ssize_t{d}});
    check(ath_vacuum_evaluate(seed, t, coords, 1, d, floats(out)));
    return out;
  }
};

}  // namespace

void bind_vacuum(py::module_& module) {
  py::class_<HarmonicVacuum>(module, "HarmonicVacuum",
                             "The vacuum: a pure function of seed, cell, step and channel, the same bits for any thread count.")
      .def(py::init([](int64_t d, uint64_t seed) {
             if (d < 1 || d > 1024) raise_usage("d_state " + std::to_string(d) + ", expected 1 to 1024");
             return HarmonicVacuum{static_cast<uint32_t>(d), seed};
           }),
           py::arg("d_state"), py::arg("seed") = 0)
      .def_readonly("d_state", &HarmonicVacuum::d)
      .def_readonly("seed", &HarmonicVacuum::seed)
      .def("get_state", &HarmonicVacuum::state, py::arg("coord"), py::arg("step") = 0, "complex64 [d] of one cell.")
      .def("get_fluctuation", &HarmonicVacuum::state, py::arg("coord"), py::arg("step") = 0, "The same by its older name.")
      .def("get_states", &HarmonicVacuum::states, py::arg("coords"), py::arg("step") = 0,
           "complex64 [n, d] for coords int64 [n, 3]; step 0 is the static vacuum.");
}

}  // namespace atheria::bindings

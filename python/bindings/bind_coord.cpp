// Coord3D: three integers with equality, order and hash.
#include "coord.hpp"
#include "topics.hpp"

namespace atheria::bindings {
namespace py = pybind11;

void bind_coord(py::module_& module) {
  py::class_<Coord3D>(module, "Coord3D", "A cell: integers x, y, z. Array methods take int64 [n, 3] instead and are much faster.")
      .def(py::init<>())
      .def(py::init<int64_t, int64_t, int64_t>(), py::arg("x"), py::arg("y"), py::arg("z") = 0)
      .def_readwrite("x", &Coord3D::x)
      .def_readwrite("y", &Coord3D::y)
      .def_readwrite("z", &Coord3D::z)
      .def("__eq__", [](const Coord3D& a, const Coord3D& b) { return a == b; }, py::is_operator())
      .def("__lt__", [](const Coord3D& a, const Coord3D& b) { return a < b; }, py::is_operator())
      .def("__hash__", [](const Coord3D& c) { return py::hash(py::make_tuple(c.x, c.y, c.z)); })
      .def("__iter__", [](const Coord3D& c) { return py::iter(py::make_tuple(c.x, c.y, c.z)); })
      .def("__repr__",
           [](const Coord3D& c) { return py::str("Coord3D({}, {}, {})").format(c.x, c.y, c.z); });
}

}  // namespace atheria::bindings

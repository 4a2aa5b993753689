// Conversions and the messages of those that are refused.
#include "arrays.hpp"

#include <string>

#include "status.hpp"

namespace atheria::bindings {
namespace {

std::string shape_text(const py::array& array) { return py::str(array.attr("shape")); }

}  // namespace

Coords as_coords(const py::object& object) {
  py::array array = py::array::ensure(object);
  if (!array) {
    PyErr_Clear();
    raise_usage("coords are not an array of integers [n, 3] = (x, y, z)");
  }
  const char kind = array.dtype().kind();
  if ((kind != 'i' && kind != 'u' && array.size() != 0) || array.ndim() != 2 || array.shape(1) != 3) {
    raise_usage("coords have shape " + shape_text(array) + " and dtype " + std::string(py::str(array.dtype())) +
                ", expected integers [n, 3] = (x, y, z)");
  }
  if (kind == 'u' && array.itemsize() == 8 && array.size() != 0 && array.attr("max")().cast<uint64_t>() > uint64_t{INT64_MAX}) {
    raise_usage("coords hold " + std::string(py::str(array.attr("max")())) + ", which no int64 holds");
  }
  return py::array_t<int64_t, py::array::c_style | py::array::forcecast>(array);
}

States as_states(const py::object& object, py::ssize_t rows, py::ssize_t d) {
  auto array = py::array_t<std::complex<float>, py::array::c_style | py::array::forcecast>::ensure(object);
  if (!array) {
    PyErr_Clear();
    raise_usage("states are not an array of numbers [" + std::to_string(rows) + ", " + std::to_string(d) + "]");
  }
  if (rows == 1 && array.ndim() == 1 && array.shape(0) == d) return array.reshape({py::ssize_t{1}, d});
  if (array.ndim() != 2 || array.shape(0) != rows || array.shape(1) != d) {
    raise_usage("states have shape " + shape_text(array) + ", expected (" + std::to_string(rows) + ", " + std::to_string(d) + ")");
  }
  return array;
}

}  // namespace atheria::bindings

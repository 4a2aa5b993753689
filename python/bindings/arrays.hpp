// numpy arrays at the border: coordinates int64 [n,3], states complex64 [n,d], checked once and then plain pointers.
#pragma once

#include <pybind11/numpy.h>

#include <complex>
#include <cstdint>

namespace atheria::bindings {

namespace py = pybind11;

using Coords = py::array_t<int64_t, py::array::c_style>;
using States = py::array_t<std::complex<float>, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;

// Converts integers of any width; refuses floats, other shapes. Throws the Python exception.
Coords as_coords(const py::object& object);
// Converts any numbers to complex64 [rows, d]; a vector [d] is one row. Also takes torch tensors on the CPU.
States as_states(const py::object& object, py::ssize_t rows, py::ssize_t d);

inline const float* floats(const States& states) { return reinterpret_cast<const float*>(states.data()); }
inline float* floats(States& states) { return reinterpret_cast<float*>(states.mutable_data()); }

}  // namespace atheria::bindings

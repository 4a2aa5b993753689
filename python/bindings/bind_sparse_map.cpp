// SparseMap: integer keys to numbers, and cells to arrays.
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <map>

#include "arrays.hpp"
#include "coord.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {
namespace {

// Ordered, so that what it lists does not depend on the order of insertion.
struct SparseMap {
  std::map<int64_t, double> numbers;
  std::map<Coord3D, py::object> arrays;
};

double item(const SparseMap& map, int64_t key) {
  const auto found = map.numbers.find(key);
  if (found == map.numbers.end()) throw py::key_error(std::to_string(key));
  return found->second;
}

void remove_item(SparseMap& map, int64_t key) {
  if (map.numbers.erase(key) == 0) throw py::key_error(std::to_string(key));
}

void insert_many(SparseMap& map, const py::array_t<int64_t, py::array::c_style | py::array::forcecast>& keys,
                 const py::array_t<double, py::array::c_style | py::array::forcecast>& values) {
  if (keys.ndim() != 1 || values.ndim() != 1 || keys.shape(0) != values.shape(0)) {
    raise_usage("keys and values must be vectors of one length");
  }
  for (py::ssize_t i = 0; i < keys.shape(0); ++i) map.numbers[keys.at(i)] = values.at(i);
}

py::array_t<double> get_many(const SparseMap& map, const py::array_t<int64_t, py::array::c_style | py::array::forcecast>& keys,
                             double missing) {
  py::array_t<double> out(keys.size());
  for (py::ssize_t i = 0; i < keys.size(); ++i) {
    const auto found = map.numbers.find(keys.data()[i]);
    out.mutable_at(i) = found == map.numbers.end() ? missing : found->second;
  }
  return out;
}

// A copy: what the caller does with its array later must not change the map.
void insert_tensor(SparseMap& map, const Coord3D& coord, const py::object& tensor) {
  py::array array = py::array::ensure(tensor);
  if (!array) throw py::error_already_set();
  map.arrays[coord] = array.attr("copy")();
}

py::object get_tensor(const SparseMap& map, const Coord3D& coord) {
  const auto found = map.arrays.find(coord);
  if (found == map.arrays.end()) throw py::key_error(py::str("no array at ({}, {}, {})").format(coord.x, coord.y, coord.z));
  return found->second.attr("copy")();
}

template <typename Map, typename Pick>
auto listed(const Map& map, Pick pick) {
  std::vector<std::decay_t<decltype(pick(*map.begin()))>> out;
  out.reserve(map.size());
  for (const auto& entry : map) out.push_back(pick(entry));
  return out;
}

}  // namespace

void bind_sparse_map(py::module_& module) {
  py::class_<SparseMap>(module, "SparseMap", "Integer keys to numbers, cells to arrays; listed in ascending order of keys.")
      .def(py::init<>())
      .def("insert", [](SparseMap& m, int64_t key, double value) { m.numbers[key] = value; }, py::arg("key"), py::arg("value"))
      .def("contains", [](const SparseMap& m, int64_t key) { return m.numbers.count(key) != 0; }, py::arg("key"))
      .def(
          "get",
          [](const SparseMap& m, int64_t key, double missing) {
            const auto found = m.numbers.find(key);
            return found == m.numbers.end() ? missing : found->second;
          },
          py::arg("key"), py::arg("default_value") = 0.0)
      .def("remove", [](SparseMap& m, int64_t key) { m.numbers.erase(key); }, py::arg("key"))
      .def("clear", [](SparseMap& m) { m = SparseMap(); })
      .def("size", [](const SparseMap& m) { return m.numbers.size() + m.arrays.size(); })
      .def("empty", [](const SparseMap& m) { return m.numbers.empty() && m.arrays.empty(); })
      .def("keys", [](const SparseMap& m) { return listed(m.numbers, [](const auto& e) { return e.first; }); })
      .def("values", [](const SparseMap& m) { return listed(m.numbers, [](const auto& e) { return e.second; }); })
      .def("insert_many", insert_many, py::arg("keys"), py::arg("values"), "Keys int64 [n], values float64 [n]; the last of equal keys wins.")
      .def("get_many", get_many, py::arg("keys"), py::arg("default_value") = 0.0, "float64 [n] for keys int64 [n].")
      .def("insert_tensor", insert_tensor, py::arg("coord"), py::arg("tensor"), "Keeps a copy, as a numpy array.")
      .def("contains_coord", [](const SparseMap& m, const Coord3D& c) { return m.arrays.count(c) != 0; }, py::arg("coord"))
      .def("get_tensor", get_tensor, py::arg("coord"), "A copy of the array; KeyError if there is none.")
      .def("remove_coord", [](SparseMap& m, const Coord3D& c) { m.arrays.erase(c); }, py::arg("coord"))
      .def("coord_keys", [](const SparseMap& m) { return listed(m.arrays, [](const auto& e) { return e.first; }); })
      .def("__len__", [](const SparseMap& m) { return m.numbers.size() + m.arrays.size(); })
      .def("__contains__", [](const SparseMap& m, int64_t key) { return m.numbers.count(key) != 0; })
      .def("__contains__", [](const SparseMap& m, const Coord3D& c) { return m.arrays.count(c) != 0; })
      .def("__getitem__", item)
      .def("__setitem__", [](SparseMap& m, int64_t key, double value) { m.numbers[key] = value; })
      .def("__delitem__", remove_item)
      .def("__repr__", [](const SparseMap& m) { return "<SparseMap with " + std::to_string(m.numbers.size() + m.arrays.size()) + " elements>"; });
}

}  // namespace atheria::bindings

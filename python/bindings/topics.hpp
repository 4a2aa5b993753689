// One function per topic; module.cpp calls them in this order.
#pragma once

#include <pybind11/pybind11.h>

namespace atheria::bindings {

void bind_version(pybind11::module_& module);
void bind_devices(pybind11::module_& module);
void bind_program(pybind11::module_& module);
void bind_coord(pybind11::module_& module);
void bind_sparse_map(pybind11::module_& module);
void bind_vacuum(pybind11::module_& module);
void bind_laws(pybind11::module_& module);
void bind_tile_engine(pybind11::module_& module);
void bind_engine(pybind11::module_& module);
void bind_dense_engine(pybind11::module_& module);

}  // namespace atheria::bindings

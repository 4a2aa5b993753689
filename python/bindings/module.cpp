// The extension module atheria_core: a list of its topics.
#include "topics.hpp"

PYBIND11_MODULE(atheria_core, module) {
  module.doc() = "The native engine of Atheria. Arrays in, arrays out; `atheria` is the comfortable surface.";
  atheria::bindings::bind_version(module);
  atheria::bindings::bind_devices(module);
  atheria::bindings::bind_program(module);
  atheria::bindings::bind_coord(module);
  atheria::bindings::bind_sparse_map(module);
  atheria::bindings::bind_vacuum(module);
  atheria::bindings::bind_laws(module);
  atheria::bindings::bind_tile_engine(module);
  atheria::bindings::bind_engine(module);
  atheria::bindings::bind_dense_engine(module);
}

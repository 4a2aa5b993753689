// TileEngine: the engine of engine.h with numpy arrays.
#include <cmath>

#include "config.hpp"
#include "status.hpp"
#include "topics.hpp"
#include "universe.hpp"

namespace atheria::bindings {
namespace {

ath_engine_config config_of(const std::string& domain, int64_t width, int64_t height, const std::string& background, const std::string& activity,
                            uint64_t seed, float eps_on, float eps_off, const py::object& gamma, bool normalize, uint32_t batch_tiles) {
  ath_engine_config config = default_config();
  config.domain = domain_of_name(domain);
  config.extent_x = width;
  config.extent_y = height;
  config.background = background_of_name(background);
  config.activity = activity_of_name(activity);
  config.seed = seed;
  config.eps_on = eps_on;
  config.eps_off = eps_off;
  config.gamma = gamma.is_none() ? std::nanf("") : gamma.cast<float>();
  config.normalize = normalize ? 1 : 0;
  config.batch_tiles = batch_tiles;
  return config;
}

py::dict report_dict(const ath_step_report& report) {
  py::dict dict;
  dict["step"] = report.step;
  dict["active"] = report.active;
  dict["candidates"] = report.candidates;
  dict["tiles"] = report.tiles;
  dict["batches"] = report.batches;
  return dict;
}

// A law that refers to its simulation is a cycle through the engine; the collector has to see it.
void make_collectable(PyHeapTypeObject* heap) {
  PyTypeObject* type = &heap->ht_type;
  type->tp_flags |= Py_TPFLAGS_HAVE_GC;
  type->tp_traverse = [](PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(self));
    if (py::detail::is_holder_constructed(self)) Py_VISIT(py::cast<Universe&>(py::handle(self)).owned_callable());
    return 0;
  };
  type->tp_clear = [](PyObject* self) {
    if (py::detail::is_holder_constructed(self)) py::cast<Universe&>(py::handle(self)).drop_callable();
    return 0;
  };
}

}  // namespace

void bind_tile_engine(py::module_& module) {
  py::class_<Universe>(module, "TileEngine", py::custom_type_setup(make_collectable),
                       "One universe on the native engine; atheria.Simulation is its comfortable form.")
      .def(py::init([](const py::object& law, const std::string& domain, int64_t width, int64_t height, const std::string& background,
                       const std::string& activity, uint64_t seed, float eps_on, float eps_off, const py::object& gamma, bool normalize,
                       uint32_t batch_tiles, const std::string& backend, uint32_t threads) {
             const auto config = config_of(domain, width, height, background, activity, seed, eps_on, eps_off, gamma, normalize, batch_tiles);
             if (py::isinstance<py::bytes>(law)) return std::make_unique<Universe>(law.cast<std::string>(), config, backend, threads);
             return std::make_unique<Universe>(law.cast<std::shared_ptr<CallableLaw>>(), config, backend, threads);
           }),
           py::arg("law"), py::kw_only(), py::arg("domain") = "infinite", py::arg("width") = 0, py::arg("height") = 0,
           py::arg("background") = "zero", py::arg("activity") = "threshold", py::arg("seed") = 0, py::arg("eps_on") = 1e-2f,
           py::arg("eps_off") = 5e-3f, py::arg("gamma") = py::none(), py::arg("normalize") = true, py::arg("batch_tiles") = 0,
           py::arg("backend") = "auto", py::arg("threads") = 0, "law: the bytes of a law file, or a CallableLaw.")
      .def_property_readonly("d", &Universe::d)
      .def_property_readonly("radius", [](const Universe& u) { return u.law_info().radius; })
      .def_property_readonly("law_name", [](const Universe& u) { return std::string(u.law_info().name); })
      .def_property_readonly("backend", [](const Universe& u) { return std::string(u.law_info().backend); }, "Who computes the law.")
      .def_property("threads", &Universe::threads, &Universe::set_threads)
      .def("write", &Universe::write, py::arg("coords"), py::arg("states"), "Sets cells [n, 3] to states [n, d] and makes them active.")
      .def("read", &Universe::read, py::arg("coords"), "complex64 [n, d], background included.")
      .def("activate", &Universe::activate, py::arg("coords"))
      .def("deactivate", &Universe::deactivate, py::arg("coords"))
      .def("clear", &Universe::clear)
      .def_property_readonly("active_count", &Universe::active_count)
      .def_property_readonly("tile_count", [](const Universe& u) { return ath_engine_tile_count(u.engine()); })
      .def("export", &Universe::export_cells, "Active cells in canonical order: coords int64 [A, 3], states complex64 [A, d].")
      .def("bounds",
           [](const Universe& u) {
             int64_t box[6];
             ath_engine_bounds(u.engine(), box);
             return py::make_tuple(box[0], box[1], box[2], box[3], box[4], box[5]);
           })
      .def("step", [](Universe& u, uint64_t steps) { return report_dict(u.step(steps)); }, py::arg("steps") = 1)
      .def_property_readonly("step_number", &Universe::step_number)
      .def(
          "view",
          [](const Universe& u, const std::string& kind, int64_t x0, int64_t y0, int64_t x1, int64_t y1, int64_t z) {
            return u.view(view_of_name(kind), {x0, y0, x1, y1, z});
          },
          py::arg("kind"), py::arg("x0"), py::arg("y0"), py::arg("x1"), py::arg("y1"), py::arg("z") = 0)
      .def("save", [](const Universe& u, const std::string& path) { check(ath_engine_save(u.engine(), path.c_str())); }, py::arg("path"))
      .def(
          "load", [](Universe& u, const std::string& path, bool any_law) { check(ath_engine_load(u.engine(), path.c_str(), any_law)); },
          py::arg("path"), py::arg("any_law") = false);
}

}  // namespace atheria::bindings

// CallableLaw: what a Python law must say of itself to be one.
#include <pybind11/pybind11.h>

#include <cmath>

#include "callable_law.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {

void bind_laws(py::module_& module) {
  py::class_<CallableLaw, std::shared_ptr<CallableLaw>>(
      module, "CallableLaw",
      "A law computed by forward(patches, domains): float32 [B, h + 2 radius, w + 2 radius, 2d] and None or int32 [B, 4] (y0, x0, y1, x1)"
      " -> float32 [B, h, w, 2d]. Called once per step; the patches are a copy, and the law's own.")
      .def(py::init([](py::object forward, int64_t d, int64_t radius, const std::string& name, float gamma, bool product, int64_t alignment) {
             if (d < 1 || d > 1024 || radius < 0 || radius > 1024 || alignment < 1 ||
                 alignment > 1024 || !std::isfinite(gamma)) {
               raise_usage("a law needs 1 <= d <= 1024, 0 <= radius <= 1024, 1 <= alignment <= 1024 and a finite gamma, got " + std::to_string(d) + ", " +
                           std::to_string(radius) + ", " + std::to_string(alignment) + ", " + std::to_string(gamma));
             }
             auto law = std::make_shared<CallableLaw>();
             law->forward = std::move(forward);
             law->name = name;
             law->d = static_cast<uint32_t>(d);
             law->radius = static_cast<uint32_t>(radius);
             law->alignment = static_cast<uint32_t>(alignment);
             law->product = product;
             law->gamma = gamma;
             return law;
           }),
           py::arg("forward"), py::kw_only(), py::arg("d"), py::arg("radius"), py::arg("name") = "callable", py::arg("gamma") = 0.0f,
           py::arg("product") = false, py::arg("alignment") = 1);
}

}  // namespace atheria::bindings

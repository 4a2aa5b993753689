// A law whose forward is a Python callable, called once per step with the batch of all patches.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <memory>
#include <string>

#include "atheria/law.h"

namespace atheria::bindings {

namespace py = pybind11;

// `forward(patches, domains)` takes float32 [B, h + 2r, w + 2r, 2d] and None or int32 [B, 4] (y0, x0, y1, x1), and returns float32 [B, h, w, 2d].
struct CallableLaw {
  py::object forward;
  std::string name;
  uint32_t d = 0;
  uint32_t radius = 0;
  uint32_t alignment = 1;
  bool product = false;
  float gamma = 0.0f;
  // The exception that forward raised, kept until the failed step is back in Python.
  std::shared_ptr<py::error_already_set> raised;
};

// The provider. `law` is shared with the engine; its `self` is released with the GIL taken.
ath_law provider_of(const std::shared_ptr<CallableLaw>& law);

}  // namespace atheria::bindings

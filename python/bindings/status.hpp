// Statuses of the C contract as the exceptions of atheria.errors.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "atheria/status.h"

namespace atheria::bindings {

namespace py = pybind11;

// A failure with its message, taken on the thread where it happened; raise() needs the GIL.
struct Outcome {
  ath_status status = ATH_OK;
  std::string message;

  static Outcome of(ath_status status);
  void raise_if_failed() const;
};

// Throws the Python exception for `status`; the message is that of this thread. Needs the GIL.
inline void check(ath_status status) {
  if (status != ATH_OK) Outcome::of(status).raise_if_failed();
}

// The exception for a law whose numbers are no state.
[[noreturn]] void raise_law_failed(const std::string& message);

// The exception for an argument that can never be right.
[[noreturn]] void raise_usage(const std::string& message);

}  // namespace atheria::bindings

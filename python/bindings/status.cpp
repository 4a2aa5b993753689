// Raises by the table in atheria.errors, the one list of classes and exit codes.
#include "status.hpp"

namespace atheria::bindings {

Outcome Outcome::of(ath_status status) {
  Outcome outcome;
  outcome.status = status;
  if (status != ATH_OK) outcome.message = ath_status_message();
  return outcome;
}

namespace {

[[noreturn]] void raise(const py::object& error) {
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error.ptr())), error.ptr());
  throw py::error_already_set();
}

}  // namespace

void Outcome::raise_if_failed() const {
  if (status != ATH_OK) raise(py::module_::import("atheria.errors").attr("error_of_status")(ath_status_name(status), message));
}

void raise_law_failed(const std::string& message) { raise(py::module_::import("atheria.errors").attr("LawFailedError")(message)); }

void raise_usage(const std::string& message) {
  Outcome{ATH_INVALID_ARGUMENT, message}.raise_if_failed();
  throw py::value_error(message);  // not reached
}

}  // namespace atheria::bindings

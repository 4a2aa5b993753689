// Backends that were found, usable or not, and what a device is.
#include "process.hpp"
#include "status.hpp"
#include "topics.hpp"

namespace atheria::bindings {

void bind_devices(py::module_& module) {
  module.def(
      "backends",
      [] {
        py::list list;
        for (size_t i = 0; i < ath_instance_backend_count(instance()); ++i) {
          ath_backend_info info = {};
          check(ath_instance_backend(instance(), i, &info));
          py::dict entry;
          entry["name"] = info.name;
          entry["description"] = info.description;
          entry["path"] = info.path;
          entry["reason"] = info.reason;
          entry["score"] = info.score;
          list.append(entry);
        }
        return list;
      },
      "Every backend that was found, best first: name, description, path, reason (why it is not usable, or empty), score.");
  module.def(
      "device_info",
      [](const std::string& backend) {
        ath_device_info info = {};
        check(ath_device_describe(device(backend), &info));
        py::dict entry;
        entry["backend"] = info.backend;
        entry["name"] = info.name;
        entry["level"] = info.level;
        entry["memory_bytes"] = info.memory_bytes;
        entry["memory_free_bytes"] = info.memory_free_bytes;
        return entry;
      },
      py::arg("backend") = "auto", "The device of a backend: backend, name, level, memory_bytes, memory_free_bytes.");
}

}  // namespace atheria::bindings

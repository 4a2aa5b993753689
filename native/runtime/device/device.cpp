// Opening a backend by name.
#include "device.hpp"

#include <cstring>
#include <new>
#include <string>

#include "base/environment.hpp"
#include "base/guard.hpp"
#include "plugin.hpp"

namespace atheria {

ath_status device_create(ath_instance* instance, const BackendRecord& record, bool owns_instance, ath_device** out_device) {
  void* self = nullptr;
  if (!record.score) return ath_status_set(ATH_UNAVAILABLE, "backend \"%s\" is not usable: %s", record.name.c_str(), record.reason.c_str());
  if (const ath_status failed = record.backend->device_open(instance->host, &self))
    return ath_status_set(failed, "backend \"%s\" does not open: %s", record.name.c_str(), ath_status_message());
  auto* device = new (std::nothrow) ath_device();
  if (!device) {
    record.backend->device_close(self);
    return ath_status_set(ATH_OUT_OF_MEMORY, "device: the system has no memory left");
  }
  device->instance = instance;
  device->owns_instance = owns_instance;
  device->backend = record.backend;
  device->self = self;
  device->own_memory = ATH_BACKEND_HAS(record.backend, memory_allocate);
  if (owns_instance) instance->references.fetch_add(1, std::memory_order_relaxed);
  *out_device = device;
  return ATH_OK;
}

}  // namespace atheria

ath_status ath_device_open(ath_instance* instance, const char* name, ath_device** out_device) {
  if (!instance || !name || !out_device) return ath_status_set(ATH_INVALID_ARGUMENT, "device open: instance, name or out_device is null");
  return atheria::guarded("device open", [&]() -> ath_status {
    const char* origin = "";
    std::string environment;
    if (!std::strcmp(name, "auto")) {
      environment = atheria::environment_text("ATHERIA_BACKEND");
      if (!environment.empty() && environment != "auto") {
        name = environment.c_str();
        origin = " (from ATHERIA_BACKEND)";
      }
    }
    if (!std::strcmp(name, "auto")) {
      // Sorted by score; reference always works, so there is a first.
      return atheria::device_create(instance, instance->backends.front(), true, out_device);
    }
    const atheria::BackendRecord* found = nullptr;
    std::string names;
    for (const atheria::BackendRecord& record : instance->backends) {
      if (!found && record.name == name) found = &record;  // usable ones come first
      if (names.find(record.name) == std::string::npos) names += (names.empty() ? "" : ", ") + record.name;
    }
    if (!found) return ath_status_set(ATH_NOT_FOUND, "no backend \"%s\"%s; there are %s, and \"auto\"", name, origin, names.c_str());
    return atheria::device_create(instance, *found, true, out_device);
  });
}

void ath_device_retain(ath_device* device) { device->references.fetch_add(1, std::memory_order_relaxed); }

void ath_device_release(ath_device* device) {
  if (!device || device->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  device->backend->device_close(device->self);
  if (device->owns_instance) atheria::instance_release(device->instance);
  delete device;
}

ath_status ath_device_describe(const ath_device* device, ath_device_info* out_info) {
  *out_info = {};
  const ath_status done = device->backend->device_describe(device->self, out_info);
  for (const char** text : {&out_info->backend, &out_info->name, &out_info->level})
    if (!*text) *text = "";
  return done;
}

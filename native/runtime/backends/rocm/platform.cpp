// The rocm backend: HIP's module API, found at run time, and the kernels compiled into this file's image.
#include <cstdio>
#include <cstring>

#include "gpu/driver.hpp"
#include "image.hpp"

namespace atheria::gpu {
namespace {

// Declared here as far as they are used: the plugin builds and runs without ROCm's headers and libraries.
struct OwnCalls {
  const char* (*error_name)(int code);
  const char* (*error_text)(int code);
  int (*get_device)(int* out_ordinal);
  int (*set_device)(int ordinal);
  int (*properties)(void* out_properties, int ordinal);
};
OwnCalls own;

// "gfx90a" of "gfx90a:sramecc+:xnack-". hipDeviceProp_t is another structure in every major version of ROCm, but each holds this name as text.
void read_target(int ordinal, char* out_target, size_t bytes) {
  alignas(16) char properties[16384];
  std::memset(properties, 0, sizeof properties);
  out_target[0] = 0;
  if (own.properties(properties, ordinal)) return;
  for (size_t i = 256; i + bytes < sizeof properties; ++i) {  // the first 256 bytes are the product's name
    if (std::memcmp(properties + i, "gfx", 3) || properties[i - 1]) continue;
    size_t length = 0;
    while (length + 1 < bytes && properties[i + length] && properties[i + length] != ':') ++length;
    std::memcpy(out_target, properties + i, length);
    out_target[length] = 0;
    return;
  }
}

bool runs_on(const char* target) {
  for (const char* built : kTargets)
    if (!std::strcmp(built, target)) return true;
  return false;
}

constexpr const char* kCallNames[] = {
#define ATH_DRIVER_CALL(name, cuda, hip, arguments) hip,
#include "gpu/driver_calls.def"
#undef ATH_DRIVER_CALL
};
#if defined(_WIN32)
constexpr const char* kFiles[] = {"amdhip64_7.dll", "amdhip64_6.dll", "amdhip64.dll", nullptr};
#else
constexpr const char* kFiles[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so", nullptr};
#endif

}  // namespace

const char* find_own_calls(void* library) {
  static const char* const names[] = {"hipGetErrorName", "hipGetErrorString", "hipGetDevice", "hipSetDevice", "hipGetDeviceProperties"};
  static_assert(sizeof names / sizeof *names == sizeof own / sizeof(void*));
  return driver_library_calls(library, names, sizeof names / sizeof *names, &own);
}

const char* error_name(int code) { return own.error_name ? own.error_name(code) : "unknown error"; }
const char* error_text(int code) { return own.error_text ? own.error_text(code) : "no text for it"; }

ath_status find_device(const ath_host& host, const Calls& calls, FoundDevice* out_device) {
  int version = 0, count = 0;
  if (const ath_status status = driver_status(host, calls.version(&version), "asking the driver for its version")) return status;
  const int code = calls.device_count(&count);
  if (code || !count)
    return host.status_set(ATH_UNAVAILABLE, "no device: HIP shows none%s%s; %s",
                           code ? ", and says " : "", code ? error_name(code) : "", platform.no_device_advice);
  char seen[96] = "";
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    FoundDevice found = {};
    found.ordinal = ordinal;
    if (const ath_status status = driver_status(host, calls.device_get(&found.handle, ordinal), "asking for a device")) return status;
    if (const ath_status status = driver_status(host, calls.device_name(found.name, sizeof found.name, found.handle), "asking for a device's name")) return status;
    read_target(ordinal, found.level, sizeof found.level);
    if (runs_on(found.level)) {
      *out_device = found;
      return ATH_OK;
    }
    if (!seen[0]) std::snprintf(seen, sizeof seen, "%.60s is %s", found.name, found.level[0] ? found.level : "of a target HIP does not tell");
  }
  return host.status_set(ATH_UNAVAILABLE, "no kernels for the device: %s, this build has %s; install a build that has them", seen, kTargetNames);
}

// HIP has one context a device, current for a thread by the device's number.
int context_open(const FoundDevice&, void** out_context) { return *out_context = nullptr, 0; }
void context_close(const FoundDevice&, void*) {}
int context_enter(const FoundDevice& device, void*, int* out_before) {
  const int code = own.get_device(out_before);
  return code || *out_before == device.ordinal ? code : own.set_device(device.ordinal);
}
void context_leave(const FoundDevice& device, int before) {
  if (before != device.ordinal) own.set_device(before);
}

const Platform platform = {
    "rocm",
    "ATHERIA_ROCM_DRIVER",
    kFiles,
    "install AMD's driver and ROCm's HIP runtime",
    "look at rocminfo, the groups video and render, and HIP_VISIBLE_DEVICES",
    false,
    kCallNames,
    UINT32_MAX,  // the packet of a launch counts threads, not blocks
    200,
    kImage,
};

}  // namespace atheria::gpu

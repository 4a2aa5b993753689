// The cuda backend: CUDA's driver API, found at run time, and the kernels compiled into this file's image.
#include <cstdio>
#include <cstring>

#include "gpu/driver.hpp"
#include "image.hpp"

namespace atheria::gpu {
namespace {

// Declared here as far as they are used: the plugin builds and runs without CUDA's headers and libraries.
struct OwnCalls {
  int (*error_name)(int code, const char** out_name);
  int (*error_text)(int code, const char** out_text);
  int (*device_attribute)(int* out_value, int attribute, int device);
  int (*context_retain)(void** out_context, int device);
  int (*context_release)(int device);
  int (*context_push)(void* context);
  int (*context_pop)(void** out_context);
};
OwnCalls own;

constexpr int kComputeCapabilityMajor = 75, kComputeCapabilityMinor = 76;

// A cubin runs on its own compute capability and on later ones of the same major number; with a letter behind it, on its own alone.
// PTX is compiled by the driver for any later one, if the driver knows this toolkit's PTX.
bool runs_on(int capability, int driver_version) {
  for (const Architecture& built : kArchitectures) {
    if (built.suffix) {
      if (built.capability == capability && !built.ptx) return true;
    } else if (built.ptx ? built.capability <= capability && driver_version >= kToolkitVersion
                         : built.capability / 10 == capability / 10 && built.capability <= capability) {
      return true;
    }
  }
  return false;
}

constexpr const char* kCallNames[] = {
#define ATH_DRIVER_CALL(name, cuda, hip, arguments) cuda,
#include "gpu/driver_calls.def"
#undef ATH_DRIVER_CALL
};
#if defined(_WIN32)
constexpr const char* kFiles[] = {"nvcuda.dll", nullptr};
#else
constexpr const char* kFiles[] = {"libcuda.so.1", "libcuda.so", nullptr};
#endif

}  // namespace

const char* find_own_calls(void* library) {
  static const char* const names[] = {"cuGetErrorName",          "cuGetErrorString", "cuDeviceGetAttribute", "cuDevicePrimaryCtxRetain",
                                      "cuDevicePrimaryCtxRelease_v2", "cuCtxPushCurrent_v2", "cuCtxPopCurrent_v2"};
  static_assert(sizeof names / sizeof *names == sizeof own / sizeof(void*));
  return driver_library_calls(library, names, sizeof names / sizeof *names, &own);
}

const char* error_name(int code) {
  const char* name = nullptr;
  return own.error_name && !own.error_name(code, &name) && name ? name : "unknown error";
}

const char* error_text(int code) {
  const char* text = nullptr;
  return own.error_text && !own.error_text(code, &text) && text ? text : "no text for it";
}

ath_status find_device(const ath_host& host, const Calls& calls, FoundDevice* out_device) {
  int version = 0, count = 0;
  if (const ath_status status = driver_status(host, calls.version(&version), "asking the driver for its version")) return status;
  // Within a major version newer toolkits' cubins run on older drivers.
  if (version / 1000 < kToolkitVersion / 1000)
    return host.status_set(ATH_UNAVAILABLE, "driver too old: it knows CUDA %d.%d, these kernels need %d.0; install driver %s or newer, or a build for an older CUDA",
                           version / 1000, version % 1000 / 10, kToolkitVersion / 1000, kMinimumDriver);
  const int code = calls.device_count(&count);
  if (code || !count)
    return host.status_set(ATH_UNAVAILABLE, "no device: the driver (CUDA %d.%d) shows none%s%s; %s", version / 1000,
                           version % 1000 / 10, code ? ", and says " : "", code ? error_name(code) : "", platform.no_device_advice);
  char seen[96] = "";
  for (int ordinal = 0; ordinal < count; ++ordinal) {
    FoundDevice found = {};
    int major = 0, minor = 0;
    found.ordinal = ordinal;
    if (const ath_status status = driver_status(host, calls.device_get(&found.handle, ordinal), "asking for a device")) return status;
    if (const ath_status status = driver_status(host, calls.device_name(found.name, sizeof found.name, found.handle), "asking for a device's name")) return status;
    int asked = own.device_attribute(&major, kComputeCapabilityMajor, found.handle);
    if (!asked) asked = own.device_attribute(&minor, kComputeCapabilityMinor, found.handle);
    if (const ath_status status = driver_status(host, asked, "asking for a device's compute capability")) return status;
    std::snprintf(found.level, sizeof found.level, "sm_%d%d", major, minor);
    if (runs_on(major * 10 + minor, version)) {
      *out_device = found;
      return ATH_OK;
    }
    if (!seen[0]) std::snprintf(seen, sizeof seen, "%.60s is %s", found.name, found.level);
  }
  return host.status_set(ATH_UNAVAILABLE, "no kernels for the device: %s, this build has %s; install a build that has them", seen, kArchitectureNames);
}

int context_open(const FoundDevice& device, void** out_context) { return own.context_retain(out_context, device.handle); }
void context_close(const FoundDevice& device, void*) { own.context_release(device.handle); }
int context_enter(const FoundDevice&, void* context, int*) { return own.context_push(context); }
void context_leave(const FoundDevice&, int) {
  void* entered = nullptr;
  own.context_pop(&entered);
}

const Platform platform = {
    "cuda",
    "ATHERIA_CUDA_DRIVER",
    kFiles,
    "install NVIDIA's driver",
    "look at nvidia-smi and CUDA_VISIBLE_DEVICES",
    true,
    kCallNames,
    UINT64_MAX,
    200,
    kImage,
};

}  // namespace atheria::gpu

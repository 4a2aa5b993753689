// The metal backend: the default device, if it is a GPU of Apple's own.
#include <cstdio>

#include "driver.hpp"
#include "gpu/driver.hpp"
#include "image.hpp"

namespace atheria::gpu {
namespace {

constexpr long kFamilyApple1 = 1001, kFamilyApple7 = 1007;  // MTLGPUFamilyApple7: the M1, and every Mac of its kind

}  // namespace

ath_status find_device(const ath_host& host, const Calls& calls, FoundDevice* out_device) {
  FoundDevice found = {};
  if (const ath_status status = driver_status(host, calls.device_name(found.name, sizeof found.name, 0), "asking for the device's name")) return status;
  const metal::Runtime& objc = metal::opened_runtime();
  const metal::Pool pool(objc);
  const auto supports = [&](long family) { return metal::send<signed char>(objc, metal::default_device(), "supportsFamily:", family) != 0; };
  long newest = 0;
  for (long family = kFamilyApple1; family < kFamilyApple1 + 30; ++family)
    if (supports(family)) newest = family;
  if (newest < kFamilyApple7)
    return host.status_set(ATH_UNAVAILABLE, "no kernels for the device: %s is not of family Apple 7 or later; use the cpu backend", found.name);
  std::snprintf(found.level, sizeof found.level, "apple%ld", newest - kFamilyApple1 + 1);
  *out_device = found;
  return ATH_OK;
}

const char* error_name(int code) {
  switch (code) {
    case metal::kInvalidValue: return "invalid value";
    case metal::kOutOfMemory: return "out of memory";
    case metal::kNoDevice: return "no device";
    case metal::kCompilation: return "compilation failed";
    case metal::kNotFound: return "not found";
    case metal::kExecution: return "execution failed";
    default: return "unknown error";
  }
}

const char* error_text(int) { return metal::last_text(); }

int context_open(const FoundDevice&, void** out_context) { return *out_context = metal::default_device(), 0; }
void context_close(const FoundDevice&, void*) {}
int context_enter(const FoundDevice&, void*, int*) { return 0; }
void context_leave(const FoundDevice&, int) {}

const Platform platform = {
    "metal",
    "ATHERIA_METAL_DRIVER",
    nullptr,
    "Metal is part of macOS",
    "look whether this session may use the GPU (system_profiler SPDisplaysDataType)",
    false,
    nullptr,
    UINT64_MAX,
    300,
    kImage,
};

}  // namespace atheria::gpu

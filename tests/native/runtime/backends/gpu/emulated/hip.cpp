// The calls of libamdhip64 that the rocm plugin makes.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device.hpp"
#include "image.hpp"

using namespace emulated;

namespace {

bool initialized = false;
thread_local int current = 0;

int ready(const char* call) {
  if (!initialized) return kNotInitialized;
  if (const int code = asked_to_fail(call)) return code;
  if (current != 0) return kInvalidContext;  // the backend's device is the first
  return pending();
}

bool has_code(const void* image) {
  for (const ImageEntry& entry : read_bundle(image))
    if (entry.target == settings().arch) return true;
  return false;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default"))) int

EXPORT hipInit(unsigned) {
  configure("gfx90a", 50221153);
  if (const int code = asked_to_fail("hipInit")) return code;
  initialized = true;
  return kSuccess;
}
extern "C" __attribute__((visibility("default"))) const char* hipGetErrorName(int code) {
  static thread_local char name[64];
  std::snprintf(name, sizeof name, "hipError_%s", code_name(code) ? code_name(code) : "UNKNOWN");
  return name;
}
extern "C" __attribute__((visibility("default"))) const char* hipGetErrorString(int) { return "as the emulated driver says"; }
EXPORT hipDriverGetVersion(int* out_version) { return *out_version = settings().version, kSuccess; }
EXPORT hipGetDeviceCount(int* out_count) {
  if (!initialized) return kNotInitialized;
  return *out_count = settings().devices, settings().devices ? kSuccess : kNoDevice;
}
EXPORT hipDeviceGet(int* out_device, int ordinal) {
  if (ordinal < 0 || ordinal >= settings().devices) return kInvalidValue;
  return *out_device = ordinal, kSuccess;
}
EXPORT hipDeviceGetName(char* out_name, int bytes, int device) {
  if (device < 0 || device >= settings().devices) return kInvalidValue;
  return std::snprintf(out_name, size_t(bytes), "emulated GPU (kernels in the host dialect)"), kSuccess;
}
EXPORT hipGetDeviceProperties(void* out_properties, int ordinal) {
  if (ordinal < 0 || ordinal >= settings().devices) return kInvalidValue;
  // As ROCm 5: the product's name first, the target with its features further on.
  auto* properties = static_cast<char*>(out_properties);
  std::snprintf(properties, 256, "emulated gfx card");
  std::snprintf(properties + 640, 256, "%s:sramecc+:xnack-", settings().arch.c_str());
  return kSuccess;
}
EXPORT hipSetDevice(int ordinal) {
  if (ordinal < 0 || ordinal >= settings().devices) return kInvalidValue;
  return current = ordinal, kSuccess;
}
EXPORT hipGetDevice(int* out_ordinal) { return *out_ordinal = current, kSuccess; }
EXPORT hipDeviceSynchronize() { return ready("hipDeviceSynchronize"); }
EXPORT hipMemGetInfo(size_t* out_free, size_t* out_total) {
  if (const int code = ready("hipMemGetInfo")) return code;
  *out_total = settings().memory;
  return *out_free = settings().memory - memory_in_use(), kSuccess;
}
EXPORT hipModuleLoadData(Module** out_module, const void* image) {
  if (const int code = ready("hipModuleLoadData")) return code;
  if (read_bundle(image).empty()) return kInvalidImage;
  return module_load(has_code(image), out_module);
}
EXPORT hipModuleUnload(Module* module) {
  if (const int code = ready("hipModuleUnload")) return code;
  return module_unload(module);
}
EXPORT hipModuleGetFunction(void** out_function, Module* module, const char* name) {
  if (const int code = ready("hipModuleGetFunction")) return code;
  return module_function(out_function, module, name);
}
EXPORT hipMalloc(Address* out_memory, size_t bytes) {
  if (const int code = ready("hipMalloc")) return code;
  return allocate(out_memory, bytes);
}
EXPORT hipFree(Address memory) {
  if (const int code = ready("hipFree")) return code;
  const int code = release(memory);
  if (code) std::fprintf(stderr, "emulated driver: 0x%llx is freed, but is no allocation\n", static_cast<unsigned long long>(memory)), std::abort();
  return code;
}
EXPORT hipMemcpyHtoD(Address to, void* from, size_t bytes) {
  if (const int code = ready("hipMemcpyHtoD")) return code;
  void* place = view(to, bytes);
  if (!place) return kInvalidValue;
  return std::memcpy(place, from, bytes), kSuccess;
}
EXPORT hipMemcpyDtoH(void* to, Address from, size_t bytes) {
  if (const int code = ready("hipMemcpyDtoH")) return code;
  const void* place = view(from, bytes);
  if (!place) return kInvalidValue;
  return std::memcpy(to, place, bytes), kSuccess;
}
EXPORT hipModuleLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared_bytes,
                             void* stream, void** parameters, void** extra) {
  if (const int code = ready("hipModuleLaunchKernel")) return code;
  if (shared_bytes || stream || extra || uint64_t{gx} * bx > UINT32_MAX) return kInvalidValue;
  const unsigned grid[3] = {gx, gy, gz}, block[3] = {bx, by, bz};
  return launch(function, grid, block, parameters);
}

// The calls of libcuda.so.1 that the cuda plugin makes.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "device.hpp"
#include "image.hpp"

using namespace emulated;

namespace {

bool initialized = false;
thread_local std::vector<void*> entered;  // the last is current
int context = 0, retained = 0;  // the one primary context: its address is what counts

// What every call with a device needs.
int ready(const char* call) {
  if (!initialized) return kNotInitialized;
  if (const int code = asked_to_fail(call)) return code;
  if (entered.empty() || entered.back() != &context || !retained) return kInvalidContext;
  return pending();
}

int digits(const std::string& arch) { return std::atoi(arch.c_str() + 3); }

bool has_code(const void* image) {
  const int device = digits(settings().arch);
  for (const ImageEntry& entry : read_fat_binary(image)) {
    const int built = digits(entry.target);
    if (entry.ptx ? built <= device : built / 10 == device / 10 && built <= device) return true;
  }
  return false;
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default"))) int

EXPORT cuInit(unsigned) {
  configure("sm_90", 13000);
  if (const int code = asked_to_fail("cuInit")) return code;
  initialized = true;
  return kSuccess;
}
EXPORT cuGetErrorName(int code, const char** out_name) {
  static thread_local char name[64];
  if (!code_name(code)) return kInvalidValue;
  std::snprintf(name, sizeof name, "CUDA_ERROR_%s", code_name(code));
  return *out_name = name, kSuccess;
}
EXPORT cuGetErrorString(int code, const char** out_text) {
  if (!code_name(code)) return kInvalidValue;
  return *out_text = "as the emulated driver says", kSuccess;
}
EXPORT cuDriverGetVersion(int* out_version) { return *out_version = settings().version, kSuccess; }
EXPORT cuDeviceGetCount(int* out_count) {
  if (!initialized) return kNotInitialized;
  return *out_count = settings().devices, kSuccess;
}
EXPORT cuDeviceGet(int* out_device, int ordinal) {
  if (ordinal < 0 || ordinal >= settings().devices) return kInvalidValue;
  return *out_device = 40 + ordinal, kSuccess;
}
EXPORT cuDeviceGetName(char* out_name, int bytes, int device) {
  if (device < 40) return kInvalidValue;
  return std::snprintf(out_name, size_t(bytes), "emulated GPU (kernels in the host dialect)"), kSuccess;
}
EXPORT cuDeviceGetAttribute(int* out_value, int attribute, int device) {
  if (device < 40 || (attribute != 75 && attribute != 76)) return kInvalidValue;
  const int arch = digits(settings().arch);
  return *out_value = attribute == 75 ? arch / 10 : arch % 10, kSuccess;
}
EXPORT cuDevicePrimaryCtxRetain(void** out_context, int device) {
  if (!initialized) return kNotInitialized;
  if (device < 40) return kInvalidValue;
  if (const int code = asked_to_fail("cuDevicePrimaryCtxRetain")) return code;
  ++retained;
  return *out_context = &context, kSuccess;
}
EXPORT cuDevicePrimaryCtxRelease_v2(int device) {
  if (device < 40 || !retained) return kInvalidContext;
  if (!--retained && modules_in_use() && !pending()) std::fprintf(stderr, "emulated driver: a module was never unloaded\n"), std::abort();
  if (!retained && memory_in_use() && !pending()) std::fprintf(stderr, "emulated driver: %zu bytes of device memory were never freed\n", memory_in_use()), std::abort();
  return kSuccess;
}
EXPORT cuDevicePrimaryCtxGetState(int device, unsigned* out_flags, int* out_active) {
  if (device < 40) return kInvalidValue;
  return *out_flags = 0, *out_active = retained > 0, kSuccess;
}
EXPORT cuCtxPushCurrent_v2(void* wanted) {
  if (wanted != &context || !retained) return kInvalidContext;
  return entered.push_back(wanted), kSuccess;
}
EXPORT cuCtxPopCurrent_v2(void** out_context) {
  if (entered.empty()) return kInvalidContext;
  *out_context = entered.back();
  return entered.pop_back(), kSuccess;
}
EXPORT cuCtxGetCurrent(void** out_context) { return *out_context = entered.empty() ? nullptr : entered.back(), kSuccess; }
EXPORT cuCtxSynchronize() { return ready("cuCtxSynchronize"); }
EXPORT cuMemGetInfo_v2(size_t* out_free, size_t* out_total) {
  if (const int code = ready("cuMemGetInfo_v2")) return code;
  *out_total = settings().memory;
  return *out_free = settings().memory - memory_in_use(), kSuccess;
}
EXPORT cuModuleLoadData(Module** out_module, const void* image) {
  if (const int code = ready("cuModuleLoadData")) return code;
  if (read_fat_binary(image).empty()) return kInvalidImage;
  return module_load(has_code(image), out_module);
}
EXPORT cuModuleUnload(Module* module) {
  if (const int code = ready("cuModuleUnload")) return code;
  return module_unload(module);
}
EXPORT cuModuleGetFunction(void** out_function, Module* module, const char* name) {
  if (const int code = ready("cuModuleGetFunction")) return code;
  return module_function(out_function, module, name);
}
EXPORT cuMemAlloc_v2(Address* out_memory, size_t bytes) {
  if (const int code = ready("cuMemAlloc_v2")) return code;
  return allocate(out_memory, bytes);
}
EXPORT cuMemFree_v2(Address memory) {
  if (const int code = ready("cuMemFree_v2")) return code;
  const int code = release(memory);
  if (code) std::fprintf(stderr, "emulated driver: 0x%llx is freed, but is no allocation\n", static_cast<unsigned long long>(memory)), std::abort();
  return code;
}
EXPORT cuMemcpyHtoD_v2(Address to, const void* from, size_t bytes) {
  if (const int code = ready("cuMemcpyHtoD_v2")) return code;
  void* place = view(to, bytes);
  if (!place) return kInvalidValue;
  return std::memcpy(place, from, bytes), kSuccess;
}
EXPORT cuMemcpyDtoH_v2(void* to, Address from, size_t bytes) {
  if (const int code = ready("cuMemcpyDtoH_v2")) return code;
  const void* place = view(from, bytes);
  if (!place) return kInvalidValue;
  return std::memcpy(to, place, bytes), kSuccess;
}
EXPORT cuLaunchKernel(void* function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared_bytes, void* stream,
                      void** parameters, void** extra) {
  if (const int code = ready("cuLaunchKernel")) return code;
  if (shared_bytes || stream || extra) return kInvalidValue;
  const unsigned grid[3] = {gx, gy, gz}, block[3] = {bx, by, bz};
  return launch(function, grid, block, parameters);
}

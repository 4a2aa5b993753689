// The driver of a GPU: the calls that CUDA's and HIP's share, found at run time, so that no plugin links a driver.
#pragma once

#include <cstddef>
#include <cstdint>

#include "atheria/backend.h"

namespace atheria::gpu {

using Address = uint64_t;  // of device memory: CUdeviceptr; HIP's void* is passed the same way on the 64-bit systems there are drivers for

// Their results are CUresult or hipError_t: 0 is success in both.
struct Calls {
#define ATH_DRIVER_CALL(name, cuda, hip, arguments) int(*name) arguments;
#include "gpu/driver_calls.def"
#undef ATH_DRIVER_CALL
};
inline constexpr uint32_t kCallCount = sizeof(Calls) / sizeof(void*);

struct FoundDevice {
  int ordinal;    // in the driver's order
  int handle;     // what the driver calls it
  char name[96];  // "NVIDIA H200"
  char level[32]; // "sm_90", "gfx90a"
};

// What a backend says of itself.
struct Platform {
  const char* backend;               // "cuda"
  const char* driver_variable;       // names the driver's file instead of `driver_files`
  const char* const* driver_files;   // tried in order; the last is null
  const char* no_driver_advice;      // what to do when there is none
  const char* no_device_advice;      // where to look when the driver shows none
  bool cuda_opcodes;                 // whether programs' GPU_* instructions mean this backend
  const char* const* call_names;     // in the order of driver_calls.def
  uint64_t threads_max;              // of a launch along x
  uint32_t score;
  const unsigned char* image;        // what module_load takes
};

// One platform is in each plugin: `platform.cpp` of cuda, rocm and metal defines these.
extern const Platform platform;
// Finds the calls that only this driver has; returns the name of one that is missing, or null. Not for metal, which has a driver_open of its own.
const char* find_own_calls(void* library);
// The first device these kernels run on; else ATH_UNAVAILABLE, with the reason as message.
ath_status find_device(const ath_host& host, const Calls& calls, FoundDevice* out_device);
const char* error_name(int code);  // "CUDA_ERROR_OUT_OF_MEMORY"; never null
const char* error_text(int code);  // never null
// A context belongs to a device; a thread must have entered it before it uses the device. Leaving gives the thread back what it had: another library's
// device may be another one. Codes of the driver, as in `Calls`.
int context_open(const FoundDevice& device, void** out_context);
void context_close(const FoundDevice& device, void* context);
int context_enter(const FoundDevice& device, void* context, int* out_before);
void context_leave(const FoundDevice& device, int before);

// Opens the driver once for the process. ATH_UNAVAILABLE with the reason as message, the same each time.
ath_status driver_open(const ath_host& host, const Calls** out_calls);

void* driver_library_open(const char* file, char* out_reason, size_t reason_bytes);
void* driver_library_symbol(void* library, const char* name);
// Fills a structure of `count` pointers with the symbols of these names; returns the first name that is missing, or null.
const char* driver_library_calls(void* library, const char* const* names, size_t count, void* out_calls);

// ATH_OK for 0; else a status that fits `code`, and the message "cuda: WHAT: NAME (CODE), TEXT".
ath_status driver_status(const ath_host& host, int code, const char* what);

}  // namespace atheria::gpu

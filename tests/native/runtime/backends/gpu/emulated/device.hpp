// The emulated device: settings, memory, modules, launches. Shared by both drivers; results are their error codes, which agree as far as used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace emulated {

enum Code {
  kSuccess = 0,
  kInvalidValue = 1,
  kOutOfMemory = 2,
  kNotInitialized = 3,
  kNoDevice = 100,
  kInvalidImage = 200,
  kInvalidContext = 201,
  kNoBinaryForGpu = 209,
  kNotFound = 500,
  kIllegalAddress = 700,
  kLaunchFailed = 719,
};
const char* code_name(int code);

struct Settings {
  std::string arch;
  int version;
  int devices = 1;
  size_t memory = size_t{1} << 30;
  bool backwards = false;
};
// EMULATED_GPU over the driver's own.
Settings& settings();
void configure(const char* arch, int version);
// 0, or what `fail=` wants of this call. Every entry point asks.
int asked_to_fail(const char* call);

using Address = uint64_t;
int allocate(Address* out_memory, size_t bytes);
int release(Address memory);
size_t memory_in_use();
// The host's view of [address, address + bytes), or null if that is not inside one allocation.
void* view(Address address, size_t bytes);

// An image has an entry for this architecture; the kernels are those of the host dialect.
struct Module;
int module_load(bool image_is_right, Module** out_module);
int module_unload(Module* module);
size_t modules_in_use();
int module_function(void** out_function, Module* module, const char* name);
int launch(void* function, const unsigned grid[3], const unsigned block[3], void** parameters);
// What went wrong in a launch shows in this and all later calls, as with a device.
int pending();

}  // namespace emulated

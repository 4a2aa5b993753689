// Opening the Objective-C runtime and Metal.
#include "objective_c.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "gpu/driver.hpp"

namespace atheria::gpu::metal {
namespace {

struct Opened {
  Runtime runtime = {};
  char reason[384] = "";

  Opened() {
    // Without CoreGraphics in the process Metal gives a program without windows no default device.
    const char* files[] = {"/usr/lib/libobjc.A.dylib", "/System/Library/Frameworks/Foundation.framework/Foundation",
                           "/System/Library/Frameworks/CoreGraphics.framework/CoreGraphics", "/System/Library/Frameworks/Metal.framework/Metal"};
    constexpr size_t kFiles = sizeof files / sizeof *files;
    const char* named = std::getenv(platform.driver_variable);
    if (named && *named)
      for (const char*& file : files) file = named;
    void* libraries[kFiles];
    for (size_t i = 0; i < kFiles; ++i) {
      char why[256] = "";
      libraries[i] = driver_library_open(files[i], why, sizeof why);
      if (libraries[i]) continue;
      std::snprintf(reason, sizeof reason, "no Metal: %s cannot be loaded: %.200s; %s", files[i], why, platform.no_driver_advice);
      return;
    }
    find(libraries[0], files[0], "objc_getClass", &runtime.get_class);
    find(libraries[0], files[0], "sel_registerName", &runtime.register_name);
    find(libraries[0], files[0], "objc_msgSend", &runtime.message);
    find(libraries[0], files[0], "objc_autoreleasePoolPush", &runtime.pool_push);
    find(libraries[0], files[0], "objc_autoreleasePoolPop", &runtime.pool_pop);
    find(libraries[3], files[3], "MTLCreateSystemDefaultDevice", &runtime.create_device);
  }

  template <typename Function>
  void find(void* library, const char* file, const char* name, Function* out_function) {
    void* symbol = driver_library_symbol(library, name);
    if (!symbol && !reason[0]) std::snprintf(reason, sizeof reason, "no Metal: %s has no %s; macOS 13 or newer is needed", file, name);
    std::memcpy(out_function, &symbol, sizeof symbol);
  }
};

}  // namespace

const Runtime* runtime(char* out_reason, size_t reason_bytes) {
  static const Opened opened;
  if (!opened.reason[0]) return &opened.runtime;
  std::snprintf(out_reason, reason_bytes, "%s", opened.reason);
  return nullptr;
}

}  // namespace atheria::gpu::metal

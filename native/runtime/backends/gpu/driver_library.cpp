// The system's way to open a shared library by name.
#include <cstdio>
#include <cstring>

#include "driver.hpp"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace atheria::gpu {

#if defined(_WIN32)

void* driver_library_open(const char* file, char* out_reason, size_t reason_bytes) {
  // A driver lies in the system's folder; a path is the caller's own wish.
  HMODULE library = LoadLibraryExA(file, nullptr, LOAD_LIBRARY_SEARCH_SYSTEM32);
  if (!library) library = LoadLibraryExA(file, nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (!library) std::snprintf(out_reason, reason_bytes, "error %lu", GetLastError());
  return reinterpret_cast<void*>(library);
}

void* driver_library_symbol(void* library, const char* name) {
  return reinterpret_cast<void*>(GetProcAddress(reinterpret_cast<HMODULE>(library), name));
}

#else

void* driver_library_open(const char* file, char* out_reason, size_t reason_bytes) {
  void* library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char* text = dlerror();
    std::snprintf(out_reason, reason_bytes, "%s", text ? text : "no reason given");
  }
  return library;
}

void* driver_library_symbol(void* library, const char* name) { return dlsym(library, name); }

#endif

const char* driver_library_calls(void* library, const char* const* names, size_t count, void* out_calls) {
  for (size_t i = 0; i < count; ++i) {
    void* symbol = driver_library_symbol(library, names[i]);
    if (!symbol) return names[i];
    std::memcpy(static_cast<char*>(out_calls) + i * sizeof symbol, &symbol, sizeof symbol);
  }
  return nullptr;
}

}  // namespace atheria::gpu

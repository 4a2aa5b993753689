// A whole backend in a few lines, for plugins that are right but for one thing.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "atheria/backend.h"

namespace plugin {

inline const ath_host* the_host = nullptr;

inline ath_status probe(const ath_host*, ath_probe* out_probe) {
  out_probe->score = 50;
  std::snprintf(out_probe->description, sizeof out_probe->description, "a plugin of the tests");
  return ATH_OK;
}
inline ath_status device_open(const ath_host*, void** out_device) { return *out_device = std::malloc(1), ATH_OK; }
inline void device_close(void* device) { std::free(device); }
inline ath_status device_describe(void*, ath_device_info* out_info) { return out_info->name = "somewhere", ATH_OK; }
inline ath_status op_supported(void*, const ath_op*) { return the_host->status_set(ATH_UNSUPPORTED, "does nothing"); }
inline ath_status op_prepare(void*, const ath_op*, void**, size_t*) { return ATH_INTERNAL; }
inline void op_release(void*, void*) {}
inline ath_status op_execute(void*, const void*, void* const*, void*) { return ATH_INTERNAL; }

// Memory that is not the host's: the addresses handed out are no addresses there.
constexpr size_t kFar = size_t{1} << 46;
inline float* near(void* memory) { return reinterpret_cast<float*>(static_cast<char*>(memory) - kFar); }
inline ath_status memory_allocate(void*, size_t bytes, void** out_memory) {
  return *out_memory = static_cast<char*>(std::calloc(1, bytes)) + kFar, ATH_OK;
}
inline void memory_free(void*, void* memory, size_t) { std::free(static_cast<char*>(memory) - kFar); }
inline ath_status memory_upload(void*, void* memory, const void* bytes, size_t count) {
  return std::memcpy(static_cast<char*>(memory) - kFar, bytes, count), ATH_OK;
}
inline ath_status memory_download(void*, void* bytes, const void* memory, size_t count) {
  return std::memcpy(bytes, static_cast<const char*>(memory) - kFar, count), ATH_OK;
}

inline ath_backend table(const char* name) {
  ath_backend backend = {};
  backend.struct_bytes = sizeof backend;
  backend.abi_version = ATH_ABI_VERSION;
  backend.name = name;
  backend.version = "9";
  backend.probe = probe;
  backend.device_open = device_open;
  backend.device_close = device_close;
  backend.device_describe = device_describe;
  backend.op_supported = op_supported;
  backend.op_prepare = op_prepare;
  backend.op_release = op_release;
  backend.op_execute = op_execute;
  return backend;
}

}  // namespace plugin

// The entry of a plugin named NAME; BODY changes `backend` or returns a refusal.
#define PLUGIN(NAME, BODY)                                                                                     \
  extern "C" ATH_API ath_status ath_backend_entry(const ath_host* host, const ath_backend** out_backend) {     \
    static ath_backend backend = plugin::table(NAME);                                                          \
    plugin::the_host = host;                                                                                   \
    *out_backend = &backend;                                                                                   \
    BODY;                                                                                                      \
    return ATH_OK;                                                                                             \
  }

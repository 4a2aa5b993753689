// The plugin's entry and table, for every backend over a driver.
#include "device.hpp"

namespace atheria::gpu {
namespace {

const ath_backend& table() {
  static const ath_backend backend = {
      sizeof(ath_backend), ATH_ABI_VERSION, platform.backend, ATH_BACKEND_VERSION, probe,         device_open,     device_close,
      device_describe,     op_supported,    op_prepare,       op_release,          op_execute,    memory_allocate, memory_free,
      memory_upload,       memory_download, synchronize,      mask_domains,
  };
  return backend;
}

}  // namespace
}  // namespace atheria::gpu

extern "C" ATH_API ath_status ath_backend_entry(const ath_host* host, const ath_backend** out_backend) {
  const ath_backend& backend = atheria::gpu::table();
  if (host->abi_version != ATH_ABI_VERSION)
    return host->status_set(ATH_VERSION_MISMATCH, "%s plugin %s is of contract version %u, this runtime of version %u; install the one that belongs to it",
                            backend.name, backend.version, ATH_ABI_VERSION, host->abi_version);
  *out_backend = &backend;
  return ATH_OK;
}

// The openblas backend, a plugin file: it reaches the runtime through ath_host alone.
#include <cstdio>

#include "blas.hpp"
#include "device.hpp"
#include "ops.hpp"

namespace atheria::openblas {
namespace {

ath_status probe(const ath_host*, ath_probe* out_probe) {
  out_probe->score = 90;
  std::snprintf(out_probe->description, sizeof out_probe->description, "matrix products by OpenBLAS, core %s", ATH_BLAS(openblas_get_corename)());
  return ATH_OK;
}

constexpr ath_backend kBackend = {
    sizeof(ath_backend), ATH_ABI_VERSION, "openblas", ATH_BACKEND_VERSION, probe,   device_open, device_close, device_describe,
    op_supported,        op_prepare,      op_release, op_execute,          nullptr, nullptr,     nullptr,      nullptr,
    nullptr,
};

}  // namespace
}  // namespace atheria::openblas

extern "C" ATH_API ath_status ath_backend_entry(const ath_host* host, const ath_backend** out_backend) {
  if (host->abi_version != ATH_ABI_VERSION)
    return host->status_set(ATH_VERSION_MISMATCH, "openblas plugin %s is of contract version %u, this runtime of version %u; install the one that belongs to it",
                            ATH_BACKEND_VERSION, ATH_ABI_VERSION, host->abi_version);
  *out_backend = &atheria::openblas::kBackend;
  return ATH_OK;
}

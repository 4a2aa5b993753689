// The cpu backend: vectorised kernels of the best level this machine runs.
#include <cstdio>

#include "device.hpp"
#include "device/builtin.hpp"
#include "ops.hpp"

namespace atheria::cpu {
namespace {

ath_status probe(const ath_host* host, ath_probe* out_probe) {
  const kernels::KernelTable* kernels = kernels_of(host->cpu_level);
  if (!kernels) {
    std::snprintf(out_probe->reason, sizeof out_probe->reason, "this build has no kernels for level \"%s\"", host->cpu_level);
    return ATH_OK;
  }
  out_probe->score = 100;
  std::snprintf(out_probe->description, sizeof out_probe->description, "vectorised kernels, level %s", kernels->name);
  return ATH_OK;
}

constexpr ath_backend kBackend = {
    sizeof(ath_backend), ATH_ABI_VERSION, "cpu",      ATH_BACKEND_VERSION,    probe,   device_open, device_close, device_describe,
    op_supported,        op_prepare,      op_release, op_execute, nullptr, nullptr,     nullptr,      nullptr,
    nullptr,
};

}  // namespace
}  // namespace atheria::cpu

ath_status atheria::cpu_backend_entry(const ath_host* host, const ath_backend** out_backend) {
  if (host->abi_version != ATH_ABI_VERSION)
    return host->status_set(ATH_VERSION_MISMATCH, "backend \"cpu\" is of contract version %u, the runtime of version %u", ATH_ABI_VERSION,
                            host->abi_version);
  *out_backend = &cpu::kBackend;
  return ATH_OK;
}

// The reference backend: every op in plain loops. The oracle of the tests, and the folder to copy for a new backend.
#include <cstdio>
#include <cstring>

#include "device.hpp"
#include "device/builtin.hpp"

namespace atheria::reference {
namespace {

ath_status probe(const ath_host*, ath_probe* out_probe) {
  out_probe->score = 1;
  std::snprintf(out_probe->description, sizeof out_probe->description, "plain loops in double precision");
  return ATH_OK;
}

constexpr ath_backend kBackend = {
    sizeof(ath_backend), ATH_ABI_VERSION, "reference", ATH_BACKEND_VERSION, probe,   device_open, device_close, device_describe,
    op_supported,        op_prepare,      op_release,  op_execute,       nullptr, nullptr,     nullptr,      nullptr,
    nullptr,
};

}  // namespace
}  // namespace atheria::reference

// A backend in a file of its own names this `extern "C" ath_backend_entry` and exports it.
ath_status atheria::reference_backend_entry(const ath_host* host, const ath_backend** out_backend) {
  if (host->abi_version != ATH_ABI_VERSION)
    return host->status_set(ATH_VERSION_MISMATCH, "backend \"reference\" is of contract version %u, the runtime of version %u", ATH_ABI_VERSION,
                            host->abi_version);
  *out_backend = &reference::kBackend;
  return ATH_OK;
}

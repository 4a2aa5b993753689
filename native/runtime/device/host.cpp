// What the runtime offers a plugin.
#include "host.hpp"

namespace atheria {

const ath_host* host_for(CpuLevel level) {
  static const auto host = [](CpuLevel of) {
    return ath_host{sizeof(ath_host), ATH_ABI_VERSION, ath_allocator_system(), ath_status_set, ath_status_message, cpu_level_name(of)};
  };
  static const ath_host hosts[] = {host(CpuLevel::baseline), host(CpuLevel::avx2), host(CpuLevel::avx512), host(CpuLevel::neon)};
  return &hosts[static_cast<int>(level)];
}

}  // namespace atheria

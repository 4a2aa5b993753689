// The registry: one record per backend that was found, usable or not.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "atheria/backend.h"
#include "atheria/device.h"

namespace atheria {

struct BackendRecord {
  std::string name, description, path, reason;
  uint32_t score = 0;
  const ath_backend* backend = nullptr;  // null when there is no table to trust
  bool built_in = false;
};

}  // namespace atheria

struct ath_instance {
  std::atomic<uint32_t> references{1};  // its owner and its devices: a device may outlive the destroy call
  const ath_host* host = nullptr;
  std::vector<atheria::BackendRecord> backends;  // by falling score, then name

  // Devices of the built-in backends that executables fall back to; opened on first use, not counted in `references`.
  std::mutex fallback_mutex;
  ath_device* fallback_cpu = nullptr;
  ath_device* fallback_reference = nullptr;
};

namespace atheria {

void instance_release(ath_instance* instance);

// The built-in cpu and reference devices, borrowed from the instance.
ath_status instance_fallbacks(ath_instance* instance, ath_device** out_cpu, ath_device** out_reference);

// For executables that are given no device: one instance of the process, made on first use, without plugins.
ath_status process_instance(ath_instance** out_instance);

}  // namespace atheria

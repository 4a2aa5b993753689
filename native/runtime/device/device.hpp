// An opened backend.
#pragma once

#include <atomic>

#include "atheria/backend.h"
#include "instance.hpp"

struct ath_device {
  std::atomic<uint32_t> references{1};
  ath_instance* instance = nullptr;
  bool owns_instance = true;  // false for the instance's own fallbacks, which would keep it alive for ever
  const ath_backend* backend = nullptr;
  void* self = nullptr;        // the backend's
  bool own_memory = false;     // false: works in host memory
};

namespace atheria {

ath_status device_create(ath_instance* instance, const BackendRecord& record, bool owns_instance, ath_device** out_device);

}  // namespace atheria

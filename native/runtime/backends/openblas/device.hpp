// The OpenBLAS device: host memory, and one thread of OpenBLAS per call.
#pragma once

#include "atheria/backend.h"

namespace atheria::openblas {

struct Device {
  const ath_host* host;
};

ath_status device_open(const ath_host* host, void** out_device);
void device_close(void* device);
ath_status device_describe(void* device, ath_device_info* out_info);

// While one of these lives, OpenBLAS works with one thread: the caller splits the work, and a product must not depend on how many CPUs are free.
// The number of threads before it comes back with the last one, because other code of the process may use the same OpenBLAS.
class OneThread {
 public:
  OneThread();
  ~OneThread();
  OneThread(const OneThread&) = delete;
};

}  // namespace atheria::openblas

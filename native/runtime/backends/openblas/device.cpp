// The OpenBLAS device.
#include "device.hpp"

#include <mutex>
#include <new>

#include "blas.hpp"

namespace atheria::openblas {
namespace {

std::mutex threads_mutex;
int calls_running = 0;
int threads_before = 0;

}  // namespace

OneThread::OneThread() {
  const std::lock_guard lock(threads_mutex);
  if (calls_running++) return;
  threads_before = ATH_BLAS(openblas_get_num_threads)();
  if (threads_before != 1) ATH_BLAS(openblas_set_num_threads)(1);
}

OneThread::~OneThread() {
  const std::lock_guard lock(threads_mutex);
  if (--calls_running || threads_before == 1) return;
  ATH_BLAS(openblas_set_num_threads)(threads_before);
}

ath_status device_open(const ath_host* host, void** out_device) {
  *out_device = new (std::nothrow) Device{host};
  return *out_device ? ATH_OK : host->status_set(ATH_OUT_OF_MEMORY, "openblas: no memory left for a device");
}

void device_close(void* device) { delete static_cast<Device*>(device); }

ath_status device_describe(void*, ath_device_info* out_info) {
  out_info->backend = "openblas";
  out_info->name = ATH_BLAS(openblas_get_config)();
  out_info->level = ATH_BLAS(openblas_get_corename)();
  return ATH_OK;
}

}  // namespace atheria::openblas

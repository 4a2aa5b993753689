/* Instance (the registry of backends) and devices: what can compute here, and why the rest cannot. */
#ifndef ATHERIA_DEVICE_H_
#define ATHERIA_DEVICE_H_

#include "atheria/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ath_instance ath_instance;
typedef struct ath_device ath_device;

/* Finds backends: those built in, then every libatheria_backend_<name> in `backend_path` (a list separated as PATH is; null:
 * ATHERIA_BACKEND_PATH, then atheria/backends beside the runtime library). A plugin that cannot be loaded, refuses the handshake or scores 0
 * stays listed with its reason and never fails the call. */
ATH_API ath_status ath_instance_create(const char* backend_path, ath_instance** out_instance);
/* Devices opened from it must be released before. Null is fine. */
ATH_API void ath_instance_destroy(ath_instance* instance);

typedef struct ath_backend_info {
  const char* name;        /* "cpu" */
  const char* description; /* "vectorised kernels, level avx512" */
  const char* path;        /* file of the plugin; "" for a built-in */
  const char* reason;      /* why it is not usable; "" if it is */
  uint32_t score;          /* 0: not usable; the largest is chosen by "auto" */
} ath_backend_info;

ATH_API size_t ath_instance_backend_count(const ath_instance* instance);
/* Strings live as long as the instance. Sorted by falling score, then name. */
ATH_API ath_status ath_instance_backend(const ath_instance* instance, size_t index, ath_backend_info* out_info);

/* `name`: a backend's, or "auto" (ATHERIA_BACKEND, else the best score). ATH_NOT_FOUND names those that exist; ATH_UNAVAILABLE repeats
 * the backend's reason. A device is reference-counted and may be used from many threads. */
ATH_API ath_status ath_device_open(ath_instance* instance, const char* name, ath_device** out_device);
ATH_API void ath_device_retain(ath_device* device);
ATH_API void ath_device_release(ath_device* device); /* null is fine */

typedef struct ath_device_info {
  const char* backend;          /* "cpu" */
  const char* name;             /* "AMD EPYC", as the machine says; never null */
  const char* level;            /* "avx512", "sm_90", ""; never null */
  uint64_t memory_bytes;        /* of the device */
  uint64_t memory_free_bytes;   /* now */
} ath_device_info;

ATH_API ath_status ath_device_describe(const ath_device* device, ath_device_info* out_info);

#ifdef __cplusplus
}
#endif
#endif

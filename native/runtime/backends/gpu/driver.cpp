// Opening the driver: from ATHERIA_<...>_DRIVER or the system's name for it, every call found, initialised once.
#include "driver.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace atheria::gpu {
namespace {

struct Opened {
  Calls calls = {};
  char reason[512] = {};  // why there is no driver; empty if there is
};

void open_driver(Opened& driver) {
  const char* named = std::getenv(platform.driver_variable);
  const char* const only[] = {named, nullptr};
  void* library = nullptr;
  char why[256] = {};
  const char* file = nullptr;
  for (const char* const* next = named && *named ? only : platform.driver_files; *next && !library; ++next) {
    char this_why[sizeof why] = {};
    library = driver_library_open(file = *next, this_why, sizeof this_why);
    if (!why[0]) std::memcpy(why, this_why, sizeof why);  // the first name is the usual one
  }
  if (!library) {
    if (named && *named)
      std::snprintf(driver.reason, sizeof driver.reason, "%s names %s, which cannot be loaded: %s", platform.driver_variable, named, why);
    else
      std::snprintf(driver.reason, sizeof driver.reason, "no driver: %.120s; %s", why, platform.no_driver_advice);
    return;
  }
  const char* missing = driver_library_calls(library, platform.call_names, kCallCount, &driver.calls);
  if (!missing) missing = find_own_calls(library);
  if (missing) {
    std::snprintf(driver.reason, sizeof driver.reason, "driver too old: %s has no %s; install a newer driver", file, missing);
    return;
  }
  const int code = driver.calls.initialize(0);
  // The same numbers in both: no device, and a device that is none.
  if (code == 100 || code == 101)
    std::snprintf(driver.reason, sizeof driver.reason, "no device: the driver says %s (%d); %s", error_name(code), code, platform.no_device_advice);
  else if (code)
    std::snprintf(driver.reason, sizeof driver.reason, "the driver does not start: %s (%d), %s", error_name(code), code, error_text(code));
}

}  // namespace

ath_status driver_open(const ath_host& host, const Calls** out_calls) {
  static std::once_flag once;
  static Opened driver;
  std::call_once(once, [] { open_driver(driver); });
  if (driver.reason[0]) return host.status_set(ATH_UNAVAILABLE, "%s", driver.reason);
  *out_calls = &driver.calls;
  return ATH_OK;
}

ath_status driver_status(const ath_host& host, int code, const char* what) {
  if (!code) return ATH_OK;
  // The same numbers in both: 2 is out of memory; 700 to 719 are what a running kernel did wrong.
  const ath_status status = code == 2 ? ATH_OUT_OF_MEMORY : code >= 700 && code <= 719 ? ATH_INTERNAL : ATH_UNAVAILABLE;
  return host.status_set(status, "%s: %s: %s (%d), %s", platform.backend, what, error_name(code), code, error_text(code));
}

}  // namespace atheria::gpu

// Turns C++ exceptions into statuses at the C border: nothing thrown ever crosses it.
#pragma once

#include <new>

#include "atheria/status.h"

namespace atheria {

// Our code throws nothing itself; the standard containers throw when memory ends.
template <typename Body>
ath_status guarded(const char* where, Body&& body) noexcept {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return ath_status_set(ATH_OUT_OF_MEMORY, "%s: the system has no memory left", where);
  } catch (...) {
    return ath_status_set(ATH_INTERNAL, "%s: unexpected C++ exception; please report it", where);
  }
}

}  // namespace atheria

// Returns the status of a failing call from the enclosing function.
#define ATH_RETURN_IF_ERROR(call)                           \
  do {                                                      \
    if (const ath_status failed_ = (call)) return failed_;  \
  } while (0)

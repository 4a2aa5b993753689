// Status names and the message of each thread.
#include "atheria/status.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace {
thread_local char message[1024];
}

const char* ath_status_name(ath_status status) {
  static const char* const names[] = {"OK",           "INVALID_ARGUMENT",    "OUT_OF_MEMORY", "NOT_FOUND",   "UNSUPPORTED",
                                      "DATA_LOSS",    "FAILED_PRECONDITION", "OUT_OF_RANGE",  "UNAVAILABLE", "VERSION_MISMATCH",
                                      "IO_ERROR",     "CANCELLED",           "INTERNAL"};
  static_assert(sizeof names / sizeof *names == ATH_INTERNAL + 1, "a name for every code of status.h");
  return status >= 0 && status <= ATH_INTERNAL ? names[status] : "UNKNOWN";
}

const char* ath_status_message(void) { return message; }

ath_status ath_status_set(ath_status status, const char* format, ...) {
  // The arguments may point into the present message (a caller adding its part), so it is written last.
  char text[sizeof message];
  va_list arguments;
  va_start(arguments, format);
  const int length = std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  if (length < 0) text[0] = 0;
  std::memcpy(message, text, std::strlen(text) + 1);
  return status;
}

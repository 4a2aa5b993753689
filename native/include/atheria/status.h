/* Status codes: every function that can fail returns one; the message of the last failure is kept per thread. */
#ifndef ATHERIA_STATUS_H_
#define ATHERIA_STATUS_H_

#include "atheria/version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Choose by meaning for the caller, not by where the failure arose. The list only grows at its end. */
typedef enum ath_status_code {
  ATH_OK = 0,
  ATH_INVALID_ARGUMENT = 1,    /* the caller passed something that can never be right */
  ATH_OUT_OF_MEMORY = 2,       /* an allocation failed or a pool is exhausted; nothing was changed */
  ATH_NOT_FOUND = 3,           /* a name, file, backend or symbol does not exist */
  ATH_UNSUPPORTED = 4,         /* right in principle; this build, backend or law cannot do it */
  ATH_DATA_LOSS = 5,           /* bytes are damaged: bad magic, checksum, truncated, or contents that are none */
  ATH_FAILED_PRECONDITION = 6, /* right call, but what it works on does not allow it: not verified, not planned, wrong shape for this
                                  plan, a law whose values are not finite */
  ATH_OUT_OF_RANGE = 7,        /* an index or coordinate beyond the range that is representable */
  ATH_UNAVAILABLE = 8,         /* a driver, device or library is missing or unusable on this machine */
  ATH_VERSION_MISMATCH = 9,    /* plugin or file of another contract version */
  ATH_IO_ERROR = 10,           /* the operating system refused to read or write; the message names path and errno text */
  ATH_CANCELLED = 11,          /* stopped on request; what was complete by then stands (an engine's steps) */
  ATH_INTERNAL = 12            /* our mistake */
} ath_status_code;

typedef int32_t ath_status;

/* "INVALID_ARGUMENT"; "UNKNOWN" for a code that is not in the list. Never null. */
ATH_API const char* ath_status_name(ath_status status);

/* Message of the last failure on this thread: what happened, what was expected, what to do. Empty if none. Valid until the next
 * failing call on this thread. Never null. */
ATH_API const char* ath_status_message(void);

/* Sets the message of this thread (printf format, cut at 1023 bytes) and returns `status`, so that a failure is one line:
 * return ath_status_set(ATH_OUT_OF_MEMORY, "arena: %zu bytes asked, %zu available", n, left); */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
ATH_API ath_status ath_status_set(ath_status status, const char* format, ...);

#ifdef __cplusplus
}
#endif
#endif

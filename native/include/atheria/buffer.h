/* Buffers: memory with an owner and a place. A buffer may be valid on the host, on its device, or on both; only what is asked for is copied. */
#ifndef ATHERIA_BUFFER_H_
#define ATHERIA_BUFFER_H_

#include "atheria/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ath_buffer ath_buffer;

typedef enum ath_place { ATH_PLACE_HOST = 1, ATH_PLACE_DEVICE = 2 } ath_place; /* a bit each */

typedef enum ath_access { ATH_ACCESS_READ = 1, ATH_ACCESS_WRITE = 2 } ath_access; /* a bit each */

/* Zero-filled. Retains the device. Reference-counted; the counts are thread-safe, the contents are the caller's to order. */
ATH_API ath_status ath_buffer_create(ath_device* device, size_t bytes, ath_buffer** out_buffer);
/* Wraps host memory of the caller without copying; `released` (may be null) is called with `context` when the last owner lets go. */
ATH_API ath_status ath_buffer_wrap(ath_device* device, void* host, size_t bytes, void (*released)(void* context), void* context,
                                   ath_buffer** out_buffer);
ATH_API void ath_buffer_retain(ath_buffer* buffer);
ATH_API void ath_buffer_release(ath_buffer* buffer); /* null is fine */

ATH_API size_t ath_buffer_bytes(const ath_buffer* buffer);
/* Bits of ath_place where the contents are valid now. */
ATH_API uint32_t ath_buffer_valid_places(const ath_buffer* buffer);
/* Makes the contents valid at `place` (copying if they are not and `access` reads) and gives the address there. Write access makes the other
 * place invalid. On devices that work in host memory both places are one. */
ATH_API ath_status ath_buffer_map(ath_buffer* buffer, ath_place place, uint32_t access, void** out_pointer);
/* Bytes moved between places by this buffer so far; the measure of lazy copying. */
ATH_API uint64_t ath_buffer_bytes_moved(const ath_buffer* buffer);

#ifdef __cplusplus
}
#endif
#endif

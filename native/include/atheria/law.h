/* Laws: what the engine asks of a law, whoever provides it: an opcode program, a Python callable, a torch module. */
#ifndef ATHERIA_LAW_H_
#define ATHERIA_LAW_H_

#include "atheria/program.h"
#include "atheria/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Delta := Delta (.) psi, complex, per element (UNetUnitary laws). */
#define ATH_LAW_PRODUCT 1u
/* forward() wants the whole step's batch in one call, on the caller's thread (a Python callable). Without it forward() is called from many
 * threads at once, each with its own `worker` number. */
#define ATH_LAW_ONE_CALL 2u

typedef struct ath_law_info {
  uint32_t struct_bytes;
  uint32_t channels;  /* 2d: concat(Re psi, Im psi) */
  uint32_t radius;    /* halo of the law's patch, in cells, on each side */
  uint32_t alignment; /* tile origins must be multiples of it (1; UNet: 4) */
  uint32_t flags;     /* ATH_LAW_* */
  float gamma;        /* default of the engine's decay when its config says NaN */
  const char* name;
  const char* backend; /* who computes it: "cpu", "cpu+openblas", "python" */
  uint8_t digest[32];  /* SHA-256 of the law file; zeros for a callable */
} ath_law_info;

/* A batch of square or rectangular patches, channels-last and dense. */
typedef struct ath_law_batch {
  uint32_t struct_bytes;
  uint32_t count;           /* patches */
  uint32_t height, width;   /* of the output; the input has 2 radius more of each */
  uint32_t worker;          /* whose scratch to use */
  const float* input;       /* [count, height + 2 radius, width + 2 radius, channels] */
  float* output;            /* [count, height, width, channels]: Delta */
  const ath_rectangle* domains; /* null, or per patch: the part of the input patch inside a bounded domain (see ath_run) */
} ath_law_batch;

/* What a provider implements. The structure is copied by ath_engine_create, which then owns `self` and calls `destroy` once. */
typedef struct ath_law {
  uint32_t struct_bytes;
  uint32_t abi_version;
  void* self;
  /* The caller sets out_info->struct_bytes; no more than that is written, and it is set to what was. */
  ath_status (*describe)(void* self, ath_law_info* out_info);
  /* Told before the first batch of this shape and count, from one thread: the place to plan and allocate. `workers` is the number of distinct
   * `worker` values to come. May be null. */
  ath_status (*prepare)(void* self, uint32_t count, uint32_t height, uint32_t width, uint32_t workers);
  ath_status (*forward)(void* self, const ath_law_batch* batch);
  void (*destroy)(void* self);
} ath_law;

/* The provider for opcode programs. The program has one input [B,H,W,C] and one output [B,H-2r,W-2r,C], C even; r is the radius (derived from the
 * shapes, for all B, H, W). Metadata it reads: "name", "gamma" (decimal, default 0), "product" ("1": ATH_LAW_PRODUCT), "alignment"
 * (decimal, default 1). Ops go to `devices` in order of preference. */
ATH_API ath_status ath_law_from_program(ath_program* program, ath_device* const* devices, size_t device_count, ath_law* out_law);

#ifdef __cplusplus
}
#endif
#endif

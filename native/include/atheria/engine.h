/* The tile-sparse engine: learned quantum cellular automata at the cost of where something happens. Implemented by libatheria_engine. */
#ifndef ATHERIA_ENGINE_H_
#define ATHERIA_ENGINE_H_

#include <stdbool.h>

#include "atheria/law.h"

#ifdef __cplusplus
extern "C" {
#endif

/* State psi: d complex channels per cell on planes z of Z^3; the law acts within a plane. Storage: tiles of 16x16 cells, channels-last float32,
 * channels = concat(Re psi, Im psi). A missing tile is background.
 *
 * One step, for the set A of active cells and a law of radius r:
 *   1. candidates C := { x : some a in A of the same plane with max(|x-a|, |y-a|) <= r }, cut to the domain.
 *   2. for x in C, from the state of before the step (inactive cells: background; outside a bounded domain: zero, and zero padding for every
 *      convolution inside the law):  D := law(patch); [product laws: D := D (.) psi]; D := D - gamma psi; s := psi + D;
 *      psi' := normalize ? s / (sqrt(sum_c |s_c|^2) + 1e-9) : s;   m := max_c |s_c - background_c|  (complex modulus, before normalising; background
 *      of before the step too, so that a law that does nothing wakes nothing in a fluctuating vacuum).
 *   3. exact mode:     A' := C.
 *      threshold mode: A' := { x in C : m > eps_on, or x in A and m > eps_off }.
 *   4. cells of A' hold psi'; all others are background (fluctuating: of the new step number).
 * A psi' or m of a candidate that is not finite fails the step with ATH_FAILED_PRECONDITION: "step <n>: law "<name>" gave a value that is not finite at
 * cell (x, y, z)"; activity that reaches beyond the coordinates fails it with ATH_OUT_OF_RANGE. The state is then that of before the step.
 * python/atheria/reference is the readable truth; the vacuum's definition stands in reference/vacuum.py. */

/* Threads: functions that take a const ath_engine* change nothing, so many threads may call them at once on one engine; every other function of that engine
 * must be alone. Different engines are independent, also when they share a law's program, devices or a pool (who comes second waits). From inside a law no
 * function of the engine that called it may be called; from `stop` those that take it const. A C++ exception of a law is ATH_INTERNAL with its text. */

#define ATH_TILE_SIDE 16

typedef enum ath_domain { ATH_DOMAIN_INFINITE = 0, ATH_DOMAIN_BOUNDED = 1, ATH_DOMAIN_PERIODIC = 2 } ath_domain;
typedef enum ath_background { ATH_BACKGROUND_ZERO = 0, ATH_BACKGROUND_STATIC = 1, ATH_BACKGROUND_FLUCTUATING = 2 } ath_background;
typedef enum ath_activity { ATH_ACTIVITY_EXACT = 0, ATH_ACTIVITY_THRESHOLD = 1 } ath_activity;

typedef struct ath_engine_config {
  uint32_t struct_bytes;
  uint32_t domain;      /* ath_domain */
  int64_t extent_x;     /* bounded, periodic: cells 0 <= x < extent_x; ignored when infinite */
  int64_t extent_y;
  uint32_t background;  /* ath_background */
  uint32_t activity;    /* ath_activity */
  uint64_t seed;        /* of the vacuum */
  float eps_on;         /* threshold mode: a sleeping cell wakes above it */
  float eps_off;        /* and an active one sleeps at or below it; eps_off <= eps_on */
  float gamma;          /* NaN: the law's */
  uint32_t normalize;   /* 0 or 1 */
  uint32_t batch_tiles; /* tiles per batch; 0: chosen so that a batch stays in L2. Never changes results */
} ath_engine_config;

/* Infinite domain, zero background, threshold mode with eps_on 1e-2 and eps_off 5e-3, gamma NaN, normalize 1. Writes all of the structure as the loaded
 * library has it: call the library that belongs to this header (the same major and minor version, which is its soname). */
ATH_API void ath_engine_config_default(ath_engine_config* out_config);

typedef struct ath_engine ath_engine;

/* Copies `law` and owns its `self` from here on, also when it fails. `devices` run the step's own arithmetic (qca_update), `pool` its threads. Devices are
 * retained; the pool is not: it must outlive the engine, or be taken away by ath_engine_set_pool. A null pool: one thread. */
ATH_API ath_status ath_engine_create(const ath_law* law, const ath_engine_config* config, ath_device* const* devices, size_t device_count,
                                     ath_pool* pool, ath_engine** out_engine);
ATH_API void ath_engine_destroy(ath_engine* engine); /* null is fine */
ATH_API ath_status ath_engine_set_pool(ath_engine* engine, ath_pool* pool);

/* Coordinates are int64 [n,3] as (x,y,z); states are complex64 [n,d] (Re, Im interleaved, as numpy and C have them). Tile coordinates have 21 bits an
 * axis: beyond that, or outside the domain, is ATH_OUT_OF_RANGE naming the cell; a state that is not finite is ATH_INVALID_ARGUMENT; then nothing was
 * changed. Of equal coordinates the last state wins. */
ATH_API ath_status ath_engine_write(ath_engine* engine, const int64_t* coords, const float* states, size_t count); /* and makes them active */
ATH_API ath_status ath_engine_read(const ath_engine* engine, const int64_t* coords, size_t count, float* out_states); /* background included */
ATH_API ath_status ath_engine_activate(ath_engine* engine, const int64_t* coords, size_t count); /* keeps their present value */
ATH_API ath_status ath_engine_deactivate(ath_engine* engine, const int64_t* coords, size_t count); /* back to background */
ATH_API void ath_engine_clear(ath_engine* engine); /* all cells background, step 0 */

ATH_API size_t ath_engine_active_count(const ath_engine* engine);
ATH_API size_t ath_engine_tile_count(const ath_engine* engine);
/* Active cells in canonical order: by z, then tile in Morton order, then y, x. Room for ath_engine_active_count cells; either may be null. */
ATH_API ath_status ath_engine_export(const ath_engine* engine, int64_t* out_coords, float* out_states);
/* Smallest box (x0,y0,z0,x1,y1,z1), half open, around the active cells; zeros if there are none. */
ATH_API void ath_engine_bounds(const ath_engine* engine, int64_t out_box[6]);

typedef struct ath_step_report {
  uint32_t struct_bytes; /* set by the caller: sizeof(ath_step_report) */
  uint64_t step;         /* number of the step just done */
  uint64_t active;       /* cells in A' */
  uint64_t candidates;   /* cells in C */
  uint64_t tiles;        /* tiles computed */
  uint64_t batches;
} ath_step_report;

/* `steps` steps. `stop` (may be null) is asked between steps, so not before the first; true ends with ATH_CANCELLED. On any failure the state is that after the last complete
 * step. `out_report` (may be null) is of the last step. */
ATH_API ath_status ath_engine_step(ath_engine* engine, uint64_t steps, bool (*stop)(void* context), void* context, ath_step_report* out_report);
ATH_API uint64_t ath_engine_step_number(const ath_engine* engine);

/* ---- Views: a dense picture of a region of one plane ---- */
typedef struct ath_region {
  int64_t x0, y0, x1, y1; /* half open */
  int64_t z;
} ath_region;

typedef enum ath_view {
  ATH_VIEW_STATE = 0,      /* complex64 [h,w,d] */
  ATH_VIEW_DENSITY = 1,    /* float32 [h,w]: sum_c |psi_c|^2; background cells included as they are */
  ATH_VIEW_PHASE = 2,      /* float32 [h,w]: arg psi_0, radians */
  ATH_VIEW_ENERGY = 3,     /* = density */
  ATH_VIEW_REAL = 4,       /* float32 [h,w]: Re psi_0 */
  ATH_VIEW_IMAG = 5,       /* float32 [h,w]: Im psi_0 */
  ATH_VIEW_HOLOGRAPHIC = 6,/* float32 [h,w,3]: min(1, 5 sum|psi|^2), (arg psi_0 + pi) / 2 pi, clamp((Re psi_0 + 1) / 2) */
  ATH_VIEW_ACTIVE = 7      /* float32 [h,w]: 1 where active */
} ath_view;

/* `view` is an ath_view; `out_pixels` has room for h*w*(1, 3 or 2d) floats. Cells outside a bounded or periodic domain are shown as zero states. ATH_OUT_OF_RANGE for an empty region or one above 2^31 floats. */
ATH_API ath_status ath_engine_view(const ath_engine* engine, uint32_t view, const ath_region* region, float* out_pixels);

/* ---- Snapshots: active cells, step, config, law digest; checksummed; written as temporary, fsync, rename ---- */
ATH_API ath_status ath_engine_save(const ath_engine* engine, const char* path);
/* The config and d of the file must match the engine's; another law digest is ATH_FAILED_PRECONDITION unless `any_law`. Continues bit for bit. A file that is
 * damaged, holds a state that is not finite or a step number above 2^63 is ATH_DATA_LOSS. On failure the engine is unchanged. */
ATH_API ath_status ath_engine_load(ath_engine* engine, const char* path, bool any_law);

/* ---- Vacuum: the static or fluctuating background itself ---- */
#define ATH_VACUUM_PERIOD_XY (INT64_C(1) << 32)
#define ATH_VACUUM_PERIOD_Z (INT64_C(1) << 24)
#define ATH_VACUUM_PERIOD_T (UINT64_C(1) << 32)

/* complex64 [n,d] of the cells at `coords` [n,3]; t is 0 for the static vacuum. Any coordinate and t are allowed, but the vacuum repeats with the periods
 * above: those of x, y and z are wider than every cell that can be stored; a fluctuating vacuum is that of 2^32 steps before. */
ATH_API ath_status ath_vacuum_evaluate(uint64_t seed, uint64_t t, const int64_t* coords, size_t count, uint32_t d, float* out_states);


#ifdef __cplusplus
}
#endif
#endif

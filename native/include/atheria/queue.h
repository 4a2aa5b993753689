/* The pool of worker threads: ranges are cut statically, so results never depend on timing. */
#ifndef ATHERIA_QUEUE_H_
#define ATHERIA_QUEUE_H_

#include "atheria/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ath_pool ath_pool;

#define ATH_POOL_THREADS_MAX 1024u

/* `threads`: at most ATH_POOL_THREADS_MAX; 0: ATHERIA_THREADS, else what affinity mask and cgroup quota allow. Workers start on first use and cost no CPU when idle.
 * After fork() the child's pool starts its own workers on first use. */
ATH_API ath_status ath_pool_create(uint32_t threads, ath_pool** out_pool);
ATH_API void ath_pool_destroy(ath_pool* pool); /* null is fine */
ATH_API uint32_t ath_pool_threads(const ath_pool* pool);

/* Called with disjoint [begin, end); `worker` < threads is stable during the call, for per-worker memory. */
typedef ath_status (*ath_range_function)(void* context, size_t begin, size_t end, uint32_t worker);

/* Cuts [0, count) into one contiguous range per worker, in multiples of `grain` (0: 1), runs them (the caller is worker 0) and returns
 * when all are done: the status (and message) of the lowest failing range, or ATH_OK. One caller at a time per pool: others wait. */
ATH_API ath_status ath_pool_run(ath_pool* pool, size_t count, size_t grain, ath_range_function function, void* context);

#ifdef __cplusplus
}
#endif
#endif

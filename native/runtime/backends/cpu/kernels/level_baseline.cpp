// The level every CPU of the architecture runs: SSE2 on x86-64, NEON on AArch64, plain four-lane vectors elsewhere.
#if defined(__aarch64__)
#define ATH_LEVEL_NAME "neon"
#else
#define ATH_LEVEL_NAME "baseline"
#endif
#include "level.inl"

const atheria::kernels::KernelTable* atheria::kernels::baseline_table() { return &kTable; }

// AVX2 + FMA: compiled with -mavx2 -mfma, empty for other targets.
#if defined(__AVX2__) && defined(__FMA__)
#define ATH_LEVEL_NAME "avx2"
#include "level.inl"

const atheria::kernels::KernelTable* atheria::kernels::avx2_table() { return &kTable; }
#else
#include "table.hpp"

const atheria::kernels::KernelTable* atheria::kernels::avx2_table() { return nullptr; }
#endif

// AVX-512 F, DQ, BW, VL: compiled with those flags, empty for other targets.
#if defined(__AVX512F__) && defined(__AVX512DQ__)
#define ATH_LEVEL_NAME "avx512"
#include "level.inl"

const atheria::kernels::KernelTable* atheria::kernels::avx512_table() { return &kTable; }
#else
#include "table.hpp"

const atheria::kernels::KernelTable* atheria::kernels::avx512_table() { return nullptr; }
#endif

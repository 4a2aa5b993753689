// The multiply-add burst of the level avx512.
#define ATH_BURST fma_burst_avx512
#include "peak.inl"

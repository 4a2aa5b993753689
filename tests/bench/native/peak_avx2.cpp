// The multiply-add burst of the level avx2.
#define ATH_BURST fma_burst_avx2
#include "peak.inl"

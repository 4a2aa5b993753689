// The multiply-add burst of the level baseline.
#define ATH_BURST fma_burst_baseline
#include "peak.inl"

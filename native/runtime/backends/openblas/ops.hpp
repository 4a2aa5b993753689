// Ops of the OpenBLAS backend: matrix products, and 1x1 convolutions, which are the same.
#pragma once

#include "atheria/backend.h"

namespace atheria::openblas {

ath_status op_supported(void* device, const ath_op* op);
ath_status op_prepare(void* device, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes);
void op_release(void* device, void* prepared);
ath_status op_execute(void* device, const void* prepared, void* const* operands, void* scratch);

// out[m,n] = a[m,k] b[k,n] (+ bias[n]), in calls of `block_rows` rows.
struct Product {
  int64_t m, n, k;
  int64_t block_rows;
};
// The most rows a call of this shape may have so that every row comes out with the same bits wherever it stands in the block; found by trying.
// 0 when there is no memory to try.
int64_t uniform_block_rows(const ath_host& host, int64_t n, int64_t k, bool bias);
// Floats of scratch a product needs.
size_t product_scratch_floats(const Product& product);
void multiply(const Product& product, const float* a, const float* b, const float* bias, float* out, float* scratch);

}  // namespace atheria::openblas

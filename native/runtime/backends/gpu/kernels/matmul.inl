// matmul: out[m,n] = a[m,k] b[k,n] (+ bias[n]), an activation behind it.
#pragma once

ATH_KERNEL(matmul, MatmulArguments, 256) {
  ATH_SHARED(float, left, kDepth * kLeftPitch);
  ATH_SHARED(float, right, kDepth * kTile);
  ATH_OWN(float, sum, 16, 256);
  const unsigned int row0 = ATH_BLOCK * kTile, column0 = ATH_BLOCK_Y * kTile;
  ATH_EACH_THREAD(256) {
    ATH_UNROLL for (unsigned int j = 0; j < 4; ++j) {
      const unsigned int column = column0 + worker % 16u * 4u + j;
      const float start = arguments.has_bias && column < arguments.n ? operand3[column] : 0.0f;
      ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) ATH_MINE(sum)[i * 4 + j] = start;
    }
  }
  ATH_BARRIER;
  for (unsigned int k0 = 0; k0 < arguments.k; k0 += kDepth) {
    ATH_EACH_THREAD(256) {
      ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
        const unsigned int row = worker / 16u + 16u * i, k = worker % 16u;
        left[k * kLeftPitch + row] = row0 + row < arguments.m && k0 + k < arguments.k ? operand1[(row0 + row) * arguments.k + k0 + k] : 0.0f;
      }
      ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
        const unsigned int k = worker / 64u + 4u * i, column = worker % 64u;
        right[k * kTile + column] = k0 + k < arguments.k && column0 + column < arguments.n ? operand2[(k0 + k) * arguments.n + column0 + column] : 0.0f;
      }
    }
    ATH_BARRIER;
    ATH_EACH_THREAD(256) { ath_add_tile(left, right, worker, ATH_MINE(sum)); }
    ATH_BARRIER;
  }
  ATH_EACH_THREAD(256) {
    const unsigned int row = row0 + worker / 16u * 4u, column = column0 + worker % 16u * 4u;
    ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
      ATH_UNROLL for (unsigned int j = 0; j < 4; ++j)
        if (row + i < arguments.m && column + j < arguments.n) operand0[(row + i) * arguments.n + column + j] = ATH_MINE(sum)[i * 4 + j];
    }
    if (arguments.activation == atheria::gpu::kCopy) continue;
    // A second pass over what this thread wrote: the activation's code once, not sixteen times.
    ATH_ROLLED for (unsigned int i = 0; i < 16; ++i) {
      const unsigned int r = row + i / 4u, c = column + i % 4u;
      if (r < arguments.m && c < arguments.n) operand0[r * arguments.n + c] = ath_activate(arguments.activation, operand0[r * arguments.n + c]);
    }
  }
}

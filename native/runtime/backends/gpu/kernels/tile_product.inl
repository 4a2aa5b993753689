// What matmul and conv2d share: a block makes a tile of 64 rows and 64 columns of the product, 16 deep at a time; a thread has 4 x 4 of it.
//
// Every element is one sum over k in order, by fma, beginning with the bias: its bits do not depend on where in which tile it lies, so not on the batch.
#pragma once

enum { kTile = 64, kDepth = 16, kLeftPitch = kTile + 4 };  // the pitch keeps the writes of a column apart

// left[depth][row] and right[depth][column].
ATH_FUNCTION void ath_add_tile(ATH_SHARED_SPACE const float* left, ATH_SHARED_SPACE const float* right, unsigned int worker, ATH_PRIVATE float* sum) {
  const unsigned int row = worker / 16u * 4u, column = worker % 16u * 4u;
  ATH_UNROLL for (unsigned int k = 0; k < kDepth; ++k) {
    float a[4], b[4];
    ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
      a[i] = left[k * kLeftPitch + row + i];
      b[i] = right[k * kTile + column + i];
    }
    ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
      ATH_UNROLL for (unsigned int j = 0; j < 4; ++j) sum[i * 4 + j] = ath_fma(a[i], b[j], sum[i * 4 + j]);
    }
  }
}

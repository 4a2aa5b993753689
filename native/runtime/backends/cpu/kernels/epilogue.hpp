// What gemm and convolution do to a finished tile of sums: bias, residual, activation, store.
#pragma once

#include "math.hpp"

namespace atheria::kernels {
namespace {

template <class F>
ATH_INLINE void map_tile(int64_t rows, int64_t columns, float* out, int64_t ld, F f) {
  for (int64_t i = 0; i < rows; ++i) {
    float* p = out + i * ld;
    int64_t j = 0;
    for (; j + kLanes <= columns; j += kLanes) store(p + j, f(load(p + j)));
    if (j < columns) store_first(p + j, f(load_first(p + j, columns - j)), columns - j);
  }
}

ATH_NOINLINE void activate_tile(Activation activation, float alpha, int64_t rows, int64_t columns, float* out,
                                int64_t ld) {
  switch (activation) {
    case Activation::none: break;
    case Activation::relu: map_tile(rows, columns, out, ld, [](VecF x) { return relu(x); }); break;
    case Activation::elu: {
      if (alpha == 1.0f) {
        map_tile(rows, columns, out, ld, [](VecF x) { return elu(x); });
        break;
      }
      const VecF a = splat(alpha);
      map_tile(rows, columns, out, ld, [a](VecF x) { return elu(x, a); });
      break;
    }
    case Activation::sigmoid: map_tile(rows, columns, out, ld, [](VecF x) { return sigmoid(x); }); break;
    case Activation::tanh: map_tile(rows, columns, out, ld, [](VecF x) { return tanh(x); }); break;
    case Activation::gelu: map_tile(rows, columns, out, ld, [](VecF x) { return gelu(x); }); break;
    case Activation::gelu_tanh: map_tile(rows, columns, out, ld, [](VecF x) { return gelu_tanh(x); }); break;
    case Activation::silu: map_tile(rows, columns, out, ld, [](VecF x) { return silu(x); }); break;
  }
}

ATH_NOINLINE void add_tile(int64_t rows, int64_t columns, const float* residual, int64_t residual_ld, float* out,
                           int64_t ld) {
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; j += kLanes) {
      const int64_t left = min_of(kLanes, columns - j);
      const VecF sum = load_first(out + i * ld + j, left) + load_first(residual + i * residual_ld + j, left);
      store_first(out + i * ld + j, sum, left);
    }
  }
}

// `sum` is rows x vectors at out + row*ld; the last vector stores `tail` lanes. epilogue null: raw sums.
template <int MR, int NV>
ATH_INLINE void finish_tile(VecF (&sum)[MR][NV], float* out, int64_t ld, int64_t tail, const Epilogue* epilogue,
                            const float* bias, const float* residual) {
  if (epilogue) {
    if (bias) {
      ATH_UNROLL for (int v = 0; v < NV; ++v) {
        const VecF b = v == NV - 1 ? load_first(bias + v * kLanes, tail) : load(bias + v * kLanes);
        ATH_UNROLL for (int i = 0; i < MR; ++i) sum[i][v] = sum[i][v] + b;
      }
    }
    if (epilogue->activation == Activation::relu && !residual) {
      ATH_UNROLL for (int i = 0; i < MR; ++i) {
        ATH_UNROLL for (int v = 0; v < NV; ++v) sum[i][v] = relu(sum[i][v]);
      }
    }
  }
  ATH_UNROLL for (int i = 0; i < MR; ++i) {
    ATH_UNROLL for (int v = 0; v < NV; ++v) {
      float* p = out + i * ld + v * kLanes;
      if (v == NV - 1) {
        store_first(p, sum[i][v], tail);
      } else {
        store(p, sum[i][v]);
      }
    }
  }
  if (!epilogue || (!residual && epilogue->activation <= Activation::relu)) return;
  // These need registers of their own: a second pass over the tile, which is still in L1.
  const int64_t columns = (NV - 1) * kLanes + tail;
  if (residual) add_tile(MR, columns, residual, epilogue->residual_ld, out, ld);
  activate_tile(epilogue->activation, epilogue->alpha, MR, columns, out, ld);
}

}  // namespace
}  // namespace atheria::kernels

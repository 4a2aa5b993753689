// sgemm: C[m,n] (+)= A[m,k] B[k,n], one chain of multiply-adds per element, k ascending.
//
// The tile is kTileRows x (2 vectors). A is read by broadcasts straight from its rows, so the same tile serves an
// unpacked A, a copied A and a convolution's pixels; B is read as rows of two vectors, packed in panels or in place.
// A k block that is not the last stores the chain in C and the next one loads it again: exact, so blocking is free.
#pragma once

#include "epilogue.hpp"

namespace atheria::kernels {
namespace {

constexpr int kPanelVectors = 2;
constexpr int kPanel = kPanelVectors * kLanes;
#if defined(__AVX512F__)
constexpr int kTileRows = 14;  // 28 sums + 2 of B + 2 broadcasts = 32 registers
#elif defined(__AVX2__)
constexpr int kTileRows = 6;   // 12 + 2 + 2 = 16
#elif defined(__ARM_NEON)
constexpr int kTileRows = 12;  // 24 + 2 + 2 of 32
#else
constexpr int kTileRows = 5;   // 10 + 2 + 1 broadcast + 1 product of 16
#endif

// A block of B, 256 k by 512 columns (512 KiB), stays in L2 while tiles of 14 rows of A (14 KiB, in L1) pass over it.
// Larger k blocks keep less of A in L1, smaller ones load and store C more often: measured on Zen 5.
constexpr int64_t kBlockK = 256;
constexpr int64_t kBlockN = 512;
// Columns of the copy (128 KiB) when B comes unpacked.
constexpr int64_t kStackN = 128;

struct GemmTile {
  int64_t k;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;  // floats between k rows of this panel
  float* c;
  int64_t ldc;
  int64_t columns;            // valid columns, 1..NV*kLanes
  bool from_c;                // start from C
  const Epilogue* epilogue;   // null: store the raw chain
  const float* bias;          // already at this tile's first column, or null
  const float* residual;      // already at this tile, or null
  const float* next_c;        // the next panel's C, or null: nothing is far away
  const float* next_a;        // two rows of the next row tile, or null
  int64_t next_lda;
};

template <int MR, int NV>
ATH_INLINE void gemm_chain(const GemmTile& t, VecF (&sum)[MR][NV], int64_t tail) {
  const char* a = reinterpret_cast<const char*>(t.a);
  const int64_t row = t.lda * 4;
  const float* b = t.b;
  const int64_t ldb = t.ldb;
  constexpr int kGroups = (MR + 2) / 3;
  const char* group[kGroups];
  ATH_UNROLL for (int g = 0; g < kGroups; ++g) group[g] = a + row * (3 * g);
  // What the next tiles need is asked for a line at a time: a burst would fill the miss queue and stop these loads.
  const char* next_a = reinterpret_cast<const char*>(t.next_a);
  const char* next_c = reinterpret_cast<const char*>(t.next_c);
  const int64_t burst = next_c ? 8 : t.k;
  for (int64_t k = 0; k < t.k;) {
    const int64_t end = min_of(k + burst, t.k);
    if (next_c) {
      if (k < 8 * MR) {
        __builtin_prefetch(next_c, 1);
        __builtin_prefetch(next_c + kBytes * (NV - 1), 1);
        next_c += t.ldc * 4;
      }
      // Two rows of the next tile of A: even turns take the first, odd turns the second.
      if (next_a) __builtin_prefetch(next_a + (k & 8 ? t.next_lda * 4 : 0) + (k >> 4) * 64, 0, 2);
    }
    for (; k < end; ++k) {
      VecF w[NV];
      ATH_UNROLL for (int v = 0; v < NV; ++v) {
        // An unpacked B ends where its columns end.
        w[v] = v == NV - 1 ? load_first(b + v * kLanes, tail) : load(b + v * kLanes);
        __builtin_prefetch(b + v * kLanes + 16 * ldb);
      }
      ATH_UNROLL for (int i = 0; i < MR; ++i) {
        const VecF x = splat(*reinterpret_cast<const float*>(group[i / 3] + row * (i % 3)));
        ATH_UNROLL for (int v = 0; v < NV; ++v) sum[i][v] = fma(x, w[v], sum[i][v]);
      }
      b += ldb;
      ATH_UNROLL for (int g = 0; g < kGroups; ++g) group[g] += 4;
    }
  }
}

template <int MR, int NV>
ATH_NOINLINE void gemm_tile(const GemmTile& t) {
  VecF sum[MR][NV];
  const int64_t tail = t.columns - (NV - 1) * kLanes;
  if (t.from_c) {
    ATH_UNROLL for (int i = 0; i < MR; ++i) {
      ATH_UNROLL for (int v = 0; v < NV; ++v) {
        const float* p = t.c + i * t.ldc + v * kLanes;
        sum[i][v] = v == NV - 1 ? load_first(p, tail) : load(p);
      }
    }
  } else {
    ATH_UNROLL for (int i = 0; i < MR; ++i) {
      ATH_UNROLL for (int v = 0; v < NV; ++v) sum[i][v] = zero();
    }
  }
  gemm_chain<MR, NV>(t, sum, tail);
  finish_tile<MR, NV>(sum, t.c, t.ldc, tail, t.epilogue, t.bias, t.residual);
}

using GemmTileFunction = void (*)(const GemmTile&);

#define ATH_GEMM_1(ROWS) &gemm_tile<ROWS, 1>
#define ATH_GEMM_2(ROWS) &gemm_tile<ROWS, 2>
const GemmTileFunction kGemmTiles[2][19] = {ATH_SIZES(ATH_GEMM_1, kTileRows), ATH_SIZES(ATH_GEMM_2, kTileRows)};

int64_t round_up(int64_t n, int64_t step) { return (n + step - 1) / step * step; }

int64_t pack_b_floats(int64_t k, int64_t n) { return round_up(k * round_up(n, kLanes), 16); }

// Panel p holds columns [p*kPanel, ...) as rows of kPanel floats (kLanes in a last panel that fits one vector),
// zeros beyond n.
void pack_b(int64_t k, int64_t n, int64_t n_begin, int64_t n_end, const float* b, int64_t ldb, bool transposed,
            float* out_packed) {
  for (int64_t column = n_begin; column < n_end; column += kPanel) {
    const int64_t valid = min_of(kPanel, n - column);
    const int64_t width = valid > kLanes ? kPanel : kLanes;
    float* panel = out_packed + column * k;
    if (transposed) {
      for (int64_t j = 0; j < width; ++j) {
        for (int64_t i = 0; i < k; ++i) panel[i * width + j] = j < valid ? b[(column + j) * ldb + i] : 0.0f;
      }
    } else {
      for (int64_t i = 0; i < k; ++i) {
        const float* from = b + i * ldb + column;
        float* to = panel + i * width;
        for (int64_t v = 0; v < width; v += kLanes) {
          const int64_t left = valid - v;
          store(to + v, left > 0 ? load_first(from + v, left) : zero());
        }
      }
    }
  }
}

// Where a block of B lies: packed panels, or rows as they came.
struct BlockOfB {
  const float* start;
  int64_t n0, n1, k0, k1;  // the block's columns and k steps
  int64_t panel_k;         // k steps that a packed panel holds, 0 for rows
  int64_t panel_k0;        // and the one where the block begins
  int64_t ldb;             // of rows
};

// All rows of A times one block of B.
ATH_NOINLINE void gemm_block(const GemmCall& g, const BlockOfB& b) {
  alignas(64) float a_copy[kTileRows * (kBlockK + 16)];
  constexpr int64_t kCopyLd = kBlockK + 16;
  // Rows a multiple of 1 KiB apart fall into few L1 sets; enough columns pay for a copy that spreads them.
  const bool copy_a = b.n1 - b.n0 > 2 * kPanel && (g.k > kBlockK || g.lda % 256 == 0);
  const bool from_far = g.m * g.ldc > (64 << 10);
  const int64_t row_tiles = (g.m + kTileRows - 1) / kTileRows;
  int64_t row0 = 0;
  for (int64_t i = 0; i < row_tiles; ++i) {
    const int64_t count = (g.m - row0 + (row_tiles - i) - 1) / (row_tiles - i);
    GemmTile tile{};
    tile.k = b.k1 - b.k0;
    tile.a = g.a + row0 * g.lda + b.k0;
    tile.lda = g.lda;
    if (copy_a) {
      for (int64_t r = 0; r < count; ++r) {
        const float* from = tile.a + r * g.lda;
        float* to = a_copy + r * kCopyLd;
        int64_t j = 0;
        for (; j + kLanes <= tile.k; j += kLanes) store(to + j, load(from + j));
        if (j < tile.k) store_first(to + j, load_first(from + j, tile.k - j), tile.k - j);
      }
      tile.a = a_copy;
      tile.lda = kCopyLd;
    }
    tile.ldc = g.ldc;
    tile.from_c = g.accumulate || b.k0 > 0;
    tile.epilogue = b.k1 == g.k ? &g.epilogue : nullptr;
    for (int64_t n = b.n0; n < b.n1; n += kPanel) {
      tile.columns = min_of(kPanel, b.n1 - n);
      const int64_t vectors = tile.columns > kLanes ? 2 : 1;
      if (b.panel_k) {
        // A call that ends inside a panel still reads the panel's own width.
        tile.ldb = g.n - n > kLanes ? kPanel : kLanes;
        tile.b = b.start + (n - b.n0) * b.panel_k + b.panel_k0 * tile.ldb;
      } else {
        tile.ldb = b.ldb;
        tile.b = b.start + (n - b.n0);
      }
      tile.c = g.c + row0 * g.ldc + n;
      tile.bias = g.epilogue.bias ? g.epilogue.bias + n : nullptr;
      tile.residual = g.epilogue.residual ? g.epilogue.residual + row0 * g.epilogue.residual_ld + n : nullptr;
      if (from_far) {
        const int64_t row = 2 * ((n - b.n0) / kPanel);
        const bool more = row + 1 < g.m - row0 - count;
        tile.next_c = tile.c + kPanel;
        tile.next_a = more ? g.a + (row0 + count + row) * g.lda + b.k0 : nullptr;
        tile.next_lda = g.lda;
      }
      kGemmTiles[vectors - 1][count](tile);
    }
    row0 += count;
  }
}

// Calls block(n0, n1, k0, k1) for the blocks of B, k ascending for each column.
template <class F>
ATH_INLINE void for_blocks(const GemmCall& g, int64_t block_n, F block) {
  const int64_t k_blocks = g.k > kBlockK ? (g.k + kBlockK - 1) / kBlockK : 1;
  const int64_t k_step = round_up((g.k + k_blocks - 1) / k_blocks, 8);
  for (int64_t n0 = g.n_begin; n0 < g.n_end; n0 += block_n) {
    const int64_t n1 = min_of(n0 + block_n, g.n_end);
    int64_t k0 = 0;
    do {
      const int64_t k1 = min_of(k0 + k_step, g.k);
      block(n0, n1, k0, k1);
      k0 = k1;
    } while (k0 < g.k);
  }
}

// Many rows over a B that is not packed: blocks of it go through a packed copy, small enough for any stack.
ATH_NOINLINE void gemm_packing(const GemmCall& g) {
  alignas(64) float copy[kBlockK * kStackN];
  for_blocks(g, kStackN, [&](int64_t n0, int64_t n1, int64_t k0, int64_t k1) {
    pack_b(k1 - k0, g.n - n0, 0, n1 - n0, g.b + k0 * g.ldb + n0, g.ldb, false, copy);
    gemm_block(g, {copy, n0, n1, k0, k1, k1 - k0, 0, 0});
  });
}

void gemm(const GemmCall* call) {
  const GemmCall& g = *call;
  if (g.m <= 0 || g.n_end <= g.n_begin) return;
  if (g.ldb == 0) {
    for_blocks(g, kBlockN, [&](int64_t n0, int64_t n1, int64_t k0, int64_t k1) {
      gemm_block(g, {g.b + n0 * g.k, n0, n1, k0, k1, g.k, k0, 0});
    });
  } else if (g.m > 4 * kTileRows && g.k * (g.n_end - g.n_begin) > (80 << 10)) {
    gemm_packing(g);
  } else {
    for_blocks(g, kBlockN, [&](int64_t n0, int64_t n1, int64_t k0, int64_t k1) {
      gemm_block(g, {g.b + k0 * g.ldb + n0, n0, n1, k0, k1, 0, 0, g.ldb});
    });
  }
}

}  // namespace
}  // namespace atheria::kernels

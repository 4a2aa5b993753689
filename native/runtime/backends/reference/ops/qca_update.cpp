// qca_update: the end of an engine step, as opcodes.def defines it.
#include <cmath>

#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_qca_update(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  auto* activity = static_cast<float*>(operands[1]);
  const auto* psi = static_cast<const float*>(operands[2]);
  const auto* delta = static_cast<const float*>(operands[3]);
  const auto* background = static_cast<const float*>(operands[4]);
  const bool product = op.attributes[0] & 1, normalize = op.attributes[0] & 2;
  const double gamma = double(layout::float_of(op.attributes[1]));
  const bool one_background = background && op.operands[4].rank == 1;
  const layout::Rows cells = layout::rows(op.operands[0]);
  const int64_t d = cells.columns / 2;
  for (int64_t n = 0; n < cells.rows; ++n) {
    const int64_t cell = n * cells.columns;
    const float* p = psi + cell;
    const float* b = background ? background + (one_background ? 0 : cell) : nullptr;
    double squares = 0, farthest = 0;
    const auto state = [&](int64_t c, double* re, double* im) {
      double dr = double(delta[cell + c]), di = double(delta[cell + d + c]);
      const double pr = double(p[c]), pi = double(p[d + c]);
      if (product) {
        const double real = dr * pr - di * pi;
        di = dr * pi + di * pr;
        dr = real;
      }
      *re = pr + (dr - gamma * pr);
      *im = pi + (di - gamma * pi);
    };
    for (int64_t c = 0; c < d; ++c) {
      double re, im;
      state(c, &re, &im);
      squares += re * re + im * im;
      const double away = std::hypot(re - (b ? double(b[c]) : 0), im - (b ? double(b[d + c]) : 0));
      if (away > farthest || std::isnan(away)) farthest = away;  // a NaN stays: the engine looks for it here
    }
    const double norm = normalize ? std::sqrt(squares) + 1e-9 : 1;
    for (int64_t c = 0; c < d; ++c) {
      double re, im;
      state(c, &re, &im);
      out[cell + c] = float(re / norm);
      out[cell + d + c] = float(im / norm);
    }
    activity[n] = float(farthest);
  }
}

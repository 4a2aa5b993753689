// qca_update: the end of an engine step, a thread for each cell. Sums go over the channels in order.
#pragma once

ATH_KERNEL(qca_update, QcaUpdateArguments, 128) {
  ATH_EACH_THREAD(128) {
    const unsigned int cell = ATH_BLOCK * 128u + worker;
    if (cell < arguments.cells) {
      const unsigned int d = arguments.d, at = cell * 2u * d;
      const unsigned int sky = arguments.background == 2u ? at : 0u;
      float squares = 0.0f, farthest = 0.0f;
      for (unsigned int c = 0; c < d; ++c) {
        const float pr = operand2[at + c], pi = operand2[at + d + c];
        float dr = operand3[at + c], di = operand3[at + d + c];
        if (arguments.product) {
          const float re = dr * pr - di * pi;
          di = dr * pi + di * pr;
          dr = re;
        }
        const float re = pr + (dr - arguments.gamma * pr), im = pi + (di - arguments.gamma * pi);
        squares = ath_fma(re, re, squares);
        squares = ath_fma(im, im, squares);
        const float away_re = arguments.background ? re - operand4[sky + c] : re;
        const float away_im = arguments.background ? im - operand4[sky + d + c] : im;
        const float away = ath_fma(away_re, away_re, away_im * away_im);
        if (away > farthest || away != away) farthest = away;  // a NaN stays: the engine looks for it
        operand0[at + c] = re;
        operand0[at + d + c] = im;
      }
      operand1[cell] = ath_sqrt(farthest);
      if (arguments.normalize) {
        const float norm = ath_sqrt(squares) + 1e-9f;
        for (unsigned int c = 0; c < 2u * d; ++c) operand0[at + c] = operand0[at + c] / norm;
      }
    }
  }
}

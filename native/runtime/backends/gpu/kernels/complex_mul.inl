// complex_mul: the last axis is concat(Re, Im), d of each.
#pragma once

ATH_KERNEL(complex_mul, ComplexMulArguments, 256) {
  ATH_EACH_THREAD(256) {
    const unsigned int i = ATH_BLOCK * 256u + worker;
    if (i < arguments.pairs) {
      const unsigned int row = i / arguments.d;
      const unsigned int re = i + row * arguments.d, im = re + arguments.d;
      const float ar = operand1[re], ai = operand1[im], br = operand2[re], bi = operand2[im];
      operand0[re] = ar * br - ai * bi;
      operand0[im] = ar * bi + ai * br;
    }
  }
}

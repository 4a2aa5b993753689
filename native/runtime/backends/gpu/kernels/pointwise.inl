// Everything that makes one number of one or two: copies, activations, scale, add, sub, mul, div.
#pragma once

ATH_KERNEL(pointwise, PointwiseArguments, 256) {
  ATH_EACH_THREAD(256) {
    const unsigned int first = ATH_BLOCK * 1024u + worker;
    ATH_ROLLED for (unsigned int step = 0; step < 4; ++step) {
      const unsigned int i = first + step * 256u;
      if (i < arguments.count) {
        const float a = operand1[i];
        float result;
        if (arguments.operation < atheria::gpu::kScale) {
          result = ath_activate(arguments.operation, a);
        } else if (arguments.operation == atheria::gpu::kScale) {
          result = a * arguments.factor;
        } else {
          const float b = operand2[arguments.columns ? i % arguments.columns : i];
          switch (arguments.operation) {
            case atheria::gpu::kAdd: result = a + b; break;
            case atheria::gpu::kSub: result = a - b; break;
            case atheria::gpu::kMul: result = a * b; break;
            default: result = a / b;
          }
        }
        operand0[i] = result;
      }
    }
  }
}

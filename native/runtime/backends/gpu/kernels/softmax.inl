// softmax over the last axis: a block for each row; thread t takes columns t, t + 128, ..., and a fixed tree joins them.
#pragma once

ATH_KERNEL(softmax, SoftmaxArguments, 128) {
  ATH_SHARED(float, parts, 128);
  ATH_SHARED(float, sums, 128);
  const unsigned int columns = arguments.columns, at = ATH_BLOCK * columns;
  ATH_EACH_THREAD(128) {
    float largest = operand1[at + (worker < columns ? worker : 0u)];
    for (unsigned int c = worker + 128u; c < columns; c += 128u) {
      const float x = operand1[at + c];
      if (x > largest) largest = x;  // wherever a NaN is, it shows in the sum
    }
    parts[worker] = largest;
  }
  ATH_BARRIER;
  for (unsigned int reach = 64; reach; reach /= 2) {
    ATH_EACH_THREAD(128) {
      if (worker < reach) {
        const float x = parts[worker + reach];
        if (x > parts[worker]) parts[worker] = x;
      }
    }
    ATH_BARRIER;
  }
  ATH_EACH_THREAD(128) {
    float sum = 0.0f;
    for (unsigned int c = worker; c < columns; c += 128u) sum += ath_exp(operand1[at + c] - parts[0]);
    sums[worker] = sum;
  }
  ATH_BARRIER;
  for (unsigned int reach = 64; reach; reach /= 2) {
    ATH_EACH_THREAD(128) {
      if (worker < reach) sums[worker] += sums[worker + reach];
    }
    ATH_BARRIER;
  }
  ATH_EACH_THREAD(128) {
    for (unsigned int c = worker; c < columns; c += 128u) operand0[at + c] = ath_exp(operand1[at + c] - parts[0]) / sums[0];
  }
}

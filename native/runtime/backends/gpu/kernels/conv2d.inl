// conv2d, channels-last: groups, dilation, per axis no padding or padding by zeros or in a circle. The sum goes over (ky, kx, ci) in order.
//
// `conv2d` is a product whose left side is gathered from the image: a row is an output pixel, k is (ky, kx, ci). `conv2d_narrow` gives each output
// a thread, for groups of so few output channels that a tile would be mostly empty.
#pragma once

// Where a padded coordinate lies in the image; -1: it is a zero of the padding.
ATH_FUNCTION int ath_padded(int i, int size, unsigned int circular) {
  if (i >= 0 && i < size) return i;
  return circular ? ((i % size) + size) % size : -1;
}

ATH_KERNEL(conv2d, Conv2dArguments, 256) {
  ATH_SHARED(float, left, kDepth * kLeftPitch);
  ATH_SHARED(float, right, kDepth * kTile);
  ATH_OWN(float, sum, 16, 256);
  ATH_OWN(int, corner, 12, 256);  // of the four rows a thread gathers: y and x of the window's first tap, pixel offset of the image or -1
  const unsigned int row0 = ATH_BLOCK * kTile, column0 = ATH_BLOCK_Y * kTile, group = ATH_BLOCK_Z;
  const unsigned int depth = arguments.kernel_height * arguments.kernel_width * arguments.group_in;
  ATH_EACH_THREAD(256) {
    ATH_UNROLL for (unsigned int j = 0; j < 4; ++j) {
      const unsigned int column = column0 + worker % 16u * 4u + j;
      const float start = arguments.has_bias && column < arguments.group_out ? operand3[group * arguments.group_out + column] : 0.0f;
      ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) ATH_MINE(sum)[i * 4 + j] = start;
    }
    ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
      const unsigned int pixel = row0 + worker / 16u + 16u * i;
      const unsigned int line = pixel / arguments.out_width, image = line / arguments.out_height;
      ATH_MINE(corner)[i * 3] = (int)(line % arguments.out_height) - (int)arguments.pad_y;
      ATH_MINE(corner)[i * 3 + 1] = (int)(pixel % arguments.out_width) - (int)arguments.pad_x;
      ATH_MINE(corner)[i * 3 + 2] = pixel < arguments.pixels ? (int)(image * arguments.in_height * arguments.in_width) : -1;
    }
  }
  ATH_BARRIER;
  for (unsigned int k0 = 0; k0 < depth; k0 += kDepth) {
    ATH_EACH_THREAD(256) {
      const unsigned int k = k0 + worker % 16u;
      const unsigned int tap = k / arguments.group_in, ci = group * arguments.group_in + k % arguments.group_in;
      const int dy = (int)(tap / arguments.kernel_width * arguments.dilation), dx = (int)(tap % arguments.kernel_width * arguments.dilation);
      ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
        float value = 0.0f;
        const int image = ATH_MINE(corner)[i * 3 + 2];
        if (image >= 0 && k < depth) {
          const int y = ath_padded(ATH_MINE(corner)[i * 3] + dy, (int)arguments.in_height, arguments.circular);
          const int x = ath_padded(ATH_MINE(corner)[i * 3 + 1] + dx, (int)arguments.in_width, arguments.circular);
          if (y >= 0 && x >= 0) value = operand1[((unsigned int)image + (unsigned int)y * arguments.in_width + (unsigned int)x) * arguments.cin + ci];
        }
        left[worker % 16u * kLeftPitch + worker / 16u + 16u * i] = value;
      }
      ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
        const unsigned int row = worker / 64u + 4u * i, column = column0 + worker % 64u;
        right[row * kTile + worker % 64u] =
            k0 + row < depth && column < arguments.group_out ? operand2[(k0 + row) * arguments.cout + group * arguments.group_out + column] : 0.0f;
      }
    }
    ATH_BARRIER;
    ATH_EACH_THREAD(256) { ath_add_tile(left, right, worker, ATH_MINE(sum)); }
    ATH_BARRIER;
  }
  ATH_EACH_THREAD(256) {
    const unsigned int pixel = row0 + worker / 16u * 4u, column = column0 + worker % 16u * 4u;
    const unsigned int at = group * arguments.group_out;
    ATH_UNROLL for (unsigned int i = 0; i < 4; ++i) {
      ATH_UNROLL for (unsigned int j = 0; j < 4; ++j)
        if (pixel + i < arguments.pixels && column + j < arguments.group_out)
          operand0[(pixel + i) * arguments.cout + at + column + j] = ATH_MINE(sum)[i * 4 + j];
    }
    if (arguments.activation == atheria::gpu::kCopy) continue;
    ATH_ROLLED for (unsigned int i = 0; i < 16; ++i) {  // as in matmul
      const unsigned int p = pixel + i / 4u, c = column + i % 4u;
      if (p < arguments.pixels && c < arguments.group_out)
        operand0[p * arguments.cout + at + c] = ath_activate(arguments.activation, operand0[p * arguments.cout + at + c]);
    }
  }
}

ATH_KERNEL(conv2d_narrow, Conv2dArguments, 256) {
  ATH_EACH_THREAD(256) {
    const unsigned int i = ATH_BLOCK * 256u + worker;
    if (i < arguments.pixels * arguments.cout) {
      const unsigned int co = i % arguments.cout, pixel = i / arguments.cout;
      const unsigned int line = pixel / arguments.out_width, image = line / arguments.out_height;
      const int y0 = (int)(line % arguments.out_height) - (int)arguments.pad_y, x0 = (int)(pixel % arguments.out_width) - (int)arguments.pad_x;
      const unsigned int first = co / arguments.group_out * arguments.group_in;
      float sum = arguments.has_bias ? operand3[co] : 0.0f;
      for (unsigned int ky = 0; ky < arguments.kernel_height; ++ky) {
        const int y = ath_padded(y0 + (int)(ky * arguments.dilation), (int)arguments.in_height, arguments.circular);
        for (unsigned int kx = 0; kx < arguments.kernel_width; ++kx) {
          const int x = ath_padded(x0 + (int)(kx * arguments.dilation), (int)arguments.in_width, arguments.circular);
          if (y < 0 || x < 0) continue;
          const unsigned int cell = ((image * arguments.in_height + (unsigned int)y) * arguments.in_width + (unsigned int)x) * arguments.cin + first;
          const unsigned int weight = (ky * arguments.kernel_width + kx) * arguments.group_in * arguments.cout + co;
          for (unsigned int ci = 0; ci < arguments.group_in; ++ci) sum = ath_fma(operand1[cell + ci], operand2[weight + ci * arguments.cout], sum);
        }
      }
      operand0[i] = ath_activate(arguments.activation, sum);
    }
  }
}

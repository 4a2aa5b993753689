// Zeros what lies outside the rectangle of its image.
#pragma once

ATH_KERNEL(mask, MaskArguments, 256) {
  ATH_EACH_THREAD(256) {
    const unsigned int i = ATH_BLOCK * 256u + worker;
    if (i < arguments.count) {
      const unsigned int pixel = i / arguments.channels;
      const unsigned int image = pixel / (arguments.height * arguments.width);
      // In the rectangles' coordinates, whose own ends may be as far as an int goes.
      const int y = (int)(pixel / arguments.width % arguments.height) + arguments.shift_y, x = (int)(pixel % arguments.width) + arguments.shift_x;
      const int y0 = (int)ath_bits(operand1[4u * image]), x0 = (int)ath_bits(operand1[4u * image + 1u]);
      const int y1 = (int)ath_bits(operand1[4u * image + 2u]), x1 = (int)ath_bits(operand1[4u * image + 3u]);
      if (y < y0 || y >= y1 || x < x0 || x >= x1) operand0[i] = 0.0f;
    }
  }
}

// What a kernel is told besides its operands: one structure each, of 4-byte numbers only, the same bytes on the host and in every dialect.
#pragma once

namespace atheria {
namespace gpu {

// Codes of their own, not opcodes: small, and for kernels only. Those of activations come first, none is copying.
enum Operation { kCopy, kRelu, kElu, kSigmoid, kTanh, kGelu, kSilu, kScale, kAdd, kSub, kMul, kDiv };

struct PointwiseArguments {
  unsigned int operation;
  unsigned int count;
  unsigned int columns;  // of the vector that operand 2 is; 0: operand 2 has the shape of operand 1
  float factor;          // kScale's
};

// out[m,n] = a[m,k] b[k,n] (+ bias[n])
struct MatmulArguments {
  unsigned int m, n, k;
  unsigned int has_bias;
  unsigned int activation;  // an Operation
};

struct Conv2dArguments {
  unsigned int pixels;  // of all outputs: images * out_height * out_width
  unsigned int in_height, in_width, out_height, out_width;
  unsigned int cin, cout, group_in, group_out;
  unsigned int kernel_height, kernel_width, dilation;
  unsigned int pad_y, pad_x, circular;
  unsigned int has_bias;
  unsigned int activation;
};

struct TransposeArguments {
  unsigned int rows, columns;  // of each matrix of the input
};

struct SoftmaxArguments {
  unsigned int columns;
};

struct ComplexMulArguments {
  unsigned int pairs;  // complex numbers in all
  unsigned int d;      // in a row
};

struct QcaUpdateArguments {
  unsigned int cells, d;
  unsigned int product, normalize;
  unsigned int background;  // 0 none, 1 one vector for all cells, 2 one a cell
  float gamma;
};

// Operand 0 is [images, height, width, channels]; operand 1 holds a rectangle {y0, x0, y1, x1} (ints) an image.
struct MaskArguments {
  unsigned int count;  // elements of operand 0
  unsigned int height, width, channels;
  int shift_y, shift_x;  // from the tensor's coordinates to the rectangles'
};

}  // namespace gpu
}  // namespace atheria

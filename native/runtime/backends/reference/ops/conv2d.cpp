// conv2d, channels-last: groups, dilation, and per axis either no padding or padding to the input's size.
#include "reference/ops.hpp"
#include "layout/shapes.hpp"

void atheria::reference::run_conv2d(const ath_op& op, void* const* operands) {
  auto* out = static_cast<float*>(operands[0]);
  const auto* in = static_cast<const float*>(operands[1]);
  const auto* weight = static_cast<const float*>(operands[2]);
  const auto* bias = static_cast<const float*>(operands[3]);
  const layout::Convolution c = layout::convolution(op);
  const int64_t group_in = c.cin / c.groups, group_out = c.cout / c.groups;
  for (int64_t image = 0; image < c.images; ++image)
    for (int64_t y = 0; y < c.out_height; ++y)
      for (int64_t x = 0; x < c.out_width; ++x)
        for (int64_t co = 0; co < c.cout; ++co) {
          double sum = bias ? double(bias[co]) : 0;
          const int64_t first_in = co / group_out * group_in;
          for (int64_t ky = 0; ky < c.kernel_height; ++ky)
            for (int64_t kx = 0; kx < c.kernel_width; ++kx) {
              const int64_t sy = layout::padded_index(y + ky * c.dilation - c.pad_y, c.in_height, c.circular);
              const int64_t sx = layout::padded_index(x + kx * c.dilation - c.pad_x, c.in_width, c.circular);
              if (sy < 0 || sx < 0) continue;
              const float* cell = in + ((image * c.in_height + sy) * c.in_width + sx) * c.cin + first_in;
              const float* w = weight + (ky * c.kernel_width + kx) * group_in * c.cout + co;
              for (int64_t ci = 0; ci < group_in; ++ci) sum += double(cell[ci]) * double(w[ci * c.cout]);
            }
          out[((image * c.out_height + y) * c.out_width + x) * c.cout + co] = float(sum);
        }
}

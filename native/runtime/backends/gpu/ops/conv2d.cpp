// conv2d, channels-last: as a product of gathered rows, or output by output where a group has few channels.
#include "gpu/ops.hpp"
#include "layout/shapes.hpp"

const char* atheria::gpu::launch_conv2d(const ath_op& op, Launch* out_launch) {
  const layout::Convolution c = layout::convolution(op);
  Conv2dArguments arguments = {};
  arguments.pixels = uint32_t(c.images * c.out_height * c.out_width);
  arguments.in_height = uint32_t(c.in_height);
  arguments.in_width = uint32_t(c.in_width);
  arguments.out_height = uint32_t(c.out_height);
  arguments.out_width = uint32_t(c.out_width);
  arguments.cin = uint32_t(c.cin);
  arguments.cout = uint32_t(c.cout);
  arguments.group_in = uint32_t(c.cin / c.groups);
  arguments.group_out = uint32_t(c.cout / c.groups);
  arguments.kernel_height = uint32_t(c.kernel_height);
  arguments.kernel_width = uint32_t(c.kernel_width);
  arguments.dilation = uint32_t(c.dilation);
  arguments.pad_y = uint32_t(c.pad_y);
  arguments.pad_x = uint32_t(c.pad_x);
  arguments.circular = c.circular;
  arguments.has_bias = op.operands[3].dtype != 0;
  Operation activation = kCopy;
  activation_of(op.activation, &activation);
  arguments.activation = uint32_t(activation);
  // A coordinate in the padded image must fit in an int.
  if (c.in_height + 2 * c.pad_y > INT32_MAX || c.in_width + 2 * c.pad_x > INT32_MAX) return "is limited to 2147483647 rows and columns of a padded image";
  if (arguments.group_out < 8) {
    *out_launch = launch(Kernel::conv2d_narrow, blocks_for(int64_t{arguments.pixels} * c.cout, 256), arguments);
    return nullptr;
  }
  const int64_t across = blocks_for(arguments.group_out, 64);
  if (across > 65535 || c.groups > 65535) return "is limited to 65535 groups of 4194240 channels";
  *out_launch = launch(Kernel::conv2d, blocks_for(arguments.pixels, 64), arguments);
  out_launch->grid[1] = uint32_t(across);
  out_launch->grid[2] = uint32_t(c.groups);
  return nullptr;
}

// conv2d: a valid convolution runs in place; a padded one through a padded copy, image by image; a 1x1 without groups is a matrix product.
#include <cstring>

#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Convolution : Prepared {
  kernels::ConvCall call;
  layout::Convolution shape;
  int64_t padded_height, padded_width;
  size_t scratch_weights;  // floats of scratch for weights that are no constant; 0 if they were packed
};

struct Pointwise : Prepared {
  kernels::GemmCall call;
  bool packed;
};

void run_pointwise(const Prepared* self, void* const* operands, void*) {
  const auto* op = static_cast<const Pointwise*>(self);
  kernels::GemmCall call = op->call;
  call.c = static_cast<float*>(operands[0]);
  call.a = static_cast<const float*>(operands[1]);
  call.b = op->packed ? floats_of(op) : static_cast<const float*>(operands[2]);
  call.epilogue.bias = static_cast<const float*>(operands[3]);
  op->kernels->gemm(&call);
}

// The weights of this call: packed when it was prepared, or now.
const float* weights_of(const Convolution* op, void* const* operands, void* scratch) {
  if (!op->scratch_weights) return floats_of(op);
  const layout::Convolution& s = op->shape;
  auto* packed = static_cast<float*>(scratch);
  op->kernels->pack_conv(s.kernel_height, s.kernel_width, s.cin, s.cout, s.groups, static_cast<const float*>(operands[2]), packed);
  return packed;
}

void run_valid(const Prepared* self, void* const* operands, void* scratch) {
  const auto* op = static_cast<const Convolution*>(self);
  kernels::ConvCall call = op->call;
  call.out = static_cast<float*>(operands[0]);
  call.in = static_cast<const float*>(operands[1]);
  call.weights = weights_of(op, operands, scratch);
  call.epilogue.bias = static_cast<const float*>(operands[3]);
  op->kernels->conv(&call);
}

void pad_image(const Convolution* op, const float* image, float* padded) {
  const layout::Convolution& s = op->shape;
  const size_t cell = size_t(s.cin), row = size_t(s.in_width) * cell, padded_row = size_t(op->padded_width) * cell;
  for (int64_t y = 0; y < op->padded_height; ++y, padded += padded_row) {
    const int64_t from = layout::padded_index(y - s.pad_y, s.in_height, s.circular);
    if (from < 0) {
      std::memset(padded, 0, padded_row * sizeof(float));
      continue;
    }
    const float* line = image + size_t(from) * row;
    std::memcpy(padded + size_t(s.pad_x) * cell, line, row * sizeof(float));
    for (int64_t x = 0; x < s.pad_x; ++x) {
      float* left = padded + size_t(x) * cell;
      float* right = padded + size_t(s.pad_x + s.in_width + x) * cell;
      if (s.circular) {
        std::memcpy(left, line + size_t(layout::padded_index(x - s.pad_x, s.in_width, true)) * cell, cell * sizeof(float));
        std::memcpy(right, line + size_t(layout::padded_index(s.in_width + x, s.in_width, true)) * cell, cell * sizeof(float));
      } else {
        std::memset(left, 0, cell * sizeof(float));
        std::memset(right, 0, cell * sizeof(float));
      }
    }
  }
}

void run_padded(const Prepared* self, void* const* operands, void* scratch) {
  const auto* op = static_cast<const Convolution*>(self);
  kernels::ConvCall call = op->call;
  call.weights = weights_of(op, operands, scratch);
  call.epilogue.bias = static_cast<const float*>(operands[3]);
  auto* padded = static_cast<float*>(scratch) + op->scratch_weights;
  call.in = padded;
  call.images = 1;
  for (int64_t image = 0; image < op->shape.images; ++image) {
    pad_image(op, static_cast<const float*>(operands[1]) + image * op->shape.in_height * op->shape.in_width * op->shape.cin, padded);
    call.out = static_cast<float*>(operands[0]) + image * op->call.out_image;
    op->kernels->conv(&call);
  }
}

ath_status prepare_pointwise(const Request& request, const layout::Convolution& s) {
  const auto* weights = static_cast<const float*>(request.op.operands[2].constant);
  auto* prepared = request.create<Pointwise>(run_pointwise, weights ? size_t(request.kernels.pack_b_floats(s.cin, s.cout)) : 0);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  prepared->packed = weights != nullptr;
  if (weights) request.kernels.pack_b(s.cin, s.cout, 0, s.cout, weights, s.cout, false, floats_of(prepared));
  kernels::GemmCall& call = prepared->call;
  call = {};
  call.m = s.images * s.in_height * s.in_width;
  call.n = call.n_end = call.ldc = s.cout;
  call.k = call.lda = s.cin;
  call.ldb = weights ? 0 : s.cout;
  activation_of(request.op.activation, &call.epilogue.activation);
  return ATH_OK;
}

// Bytes of packed weights and of one padded image; false if no memory could hold them.
bool scratch_bytes(const Convolution& op, const kernels::KernelTable& kernels, bool padded, size_t* out_bytes) {
  const layout::Convolution& s = op.shape;
  size_t floats = 0;
  if (padded && (__builtin_mul_overflow(size_t(op.padded_height), size_t(op.padded_width), &floats) ||
                 __builtin_mul_overflow(floats, size_t(s.cin), &floats)))
    return false;
  // Each group's columns are filled up to a whole panel.
  size_t columns = size_t(s.cout) + size_t(s.groups) * size_t(kernels.panel_columns), weights = 0;
  if (__builtin_mul_overflow(size_t(s.kernel_height), size_t(s.kernel_width), &weights) || __builtin_mul_overflow(weights, size_t(s.cin), &weights) ||
      __builtin_mul_overflow(weights / size_t(s.groups), columns, &weights) || weights > PTRDIFF_MAX / sizeof(float))
    return false;
  if (__builtin_add_overflow(floats, op.scratch_weights, &floats) || __builtin_mul_overflow(floats, sizeof(float), out_bytes)) return false;
  return *out_bytes <= PTRDIFF_MAX;
}

}  // namespace

ath_status prepare_conv2d(const Request& request) {
  const layout::Convolution s = layout::convolution(request.op);
  if (s.kernel_height == 1 && s.kernel_width == 1 && s.groups == 1) return prepare_pointwise(request, s);
  const auto* weights = static_cast<const float*>(request.op.operands[2].constant);
  const bool padded = s.pad_y || s.pad_x;
  Convolution plan = {};
  plan.shape = s;
  plan.padded_height = s.in_height + 2 * s.pad_y;
  plan.padded_width = s.in_width + 2 * s.pad_x;
  size_t bytes = 0;
  const auto fits = [&] { return scratch_bytes(plan, request.kernels, padded, &bytes); };
  // Once before anything is multiplied out, and again with the weights in it.
  size_t packed_floats = 0;
  if (fits()) {
    packed_floats = size_t(request.kernels.pack_conv_floats(s.kernel_height, s.kernel_width, s.cin, s.cout, s.groups));
    plan.scratch_weights = weights ? 0 : (packed_floats + 15) / 16 * 16;
  }
  if (!packed_floats || !fits())
    return request.host.status_set(ATH_OUT_OF_MEMORY, "cpu: an image of %lld x %lld x %lld cells (padded), or its %lld x %lld weights, fit in no memory",
                                   static_cast<long long>(plan.padded_height), static_cast<long long>(plan.padded_width), static_cast<long long>(s.cin),
                                   static_cast<long long>(s.kernel_height), static_cast<long long>(s.kernel_width));
  auto* prepared = request.create<Convolution>(padded ? run_padded : run_valid, weights ? packed_floats : 0);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  if (weights) request.kernels.pack_conv(s.kernel_height, s.kernel_width, s.cin, s.cout, s.groups, weights, floats_of(prepared));
  prepared->shape = s;
  prepared->scratch_weights = plan.scratch_weights;
  prepared->padded_height = plan.padded_height;
  prepared->padded_width = plan.padded_width;
  kernels::ConvCall& call = prepared->call;
  call = {};
  call.images = s.images;
  call.out_h = s.out_height;
  call.out_w = s.out_width;
  call.kernel_h = s.kernel_height;
  call.kernel_w = s.kernel_width;
  call.dilation_h = call.dilation_w = s.dilation;
  call.cin = call.in_pixel = s.cin;
  call.cout = call.out_pixel = s.cout;
  call.groups = s.groups;
  call.in_row = prepared->padded_width * s.cin;
  call.in_image = prepared->padded_height * call.in_row;
  call.out_row = s.out_width * s.cout;
  call.out_image = s.out_height * call.out_row;
  activation_of(request.op.activation, &call.epilogue.activation);
  *request.out_scratch_bytes = bytes;
  return ATH_OK;
}

}  // namespace atheria::cpu

// conv2d: windows, channels around the tiles' edges, groups, dilation, padding, weights that are computed, activations behind it.
#include "../suite.hpp"
#include "expect.hpp"

using conformance::Case;

namespace {

struct Window {
  int64_t height = 9, width = 11, kh = 3, kw = 3, cin = 16, cout = 16;
  uint32_t dilation = 0, groups = 0;
  bool padded = false, circular = false, bias = true, constant = true;
  uint32_t activation = 0;
  bool nans = false;
};

void convolve(const Window& w, int64_t batch = 3) {
  Case c("conv2d " + std::to_string(w.height) + "x" + std::to_string(w.width) + " window " + std::to_string(w.kh) + "x" + std::to_string(w.kw) + " " +
         std::to_string(w.cin) + "->" + std::to_string(w.cout) + " dilation " + std::to_string(w.dilation) + " groups " + std::to_string(w.groups) +
         (w.padded ? w.circular ? " circular" : " padded" : "") + (w.bias ? " bias" : "") + (w.constant ? "" : " computed weights") + (w.nans ? " NaNs" : ""));
  const int64_t dilation = w.dilation ? w.dilation : 1, groups = w.groups ? w.groups : 1;
  const int64_t height = w.padded ? w.height : w.height - dilation * (w.kh - 1), width = w.padded ? w.width : w.width - dilation * (w.kw - 1);
  const uint32_t x = c.input({-1, w.height, w.width, w.cin});
  const conformance::Shape shape = {w.kh, w.kw, w.cin / groups, w.cout};
  const uint32_t weight = w.constant ? c.constant(shape) : c.input(shape, -1, 1);
  const uint32_t bias = w.bias ? c.constant({w.cout}) : ATH_NONE;
  const uint32_t y = c.output({-1, height, width, w.cout});
  const uint32_t s = w.activation ? c.local({-1, height, width, w.cout}) : y;
  if (w.dilation || w.groups || w.circular) c.op(ATH_OP_ATTR, {w.dilation, w.groups, w.circular, 0});
  c.op(ATH_OP_CONV2D, {s, x, weight, bias});
  if (w.activation) c.op(w.activation, {y, s});
  if (w.nans) c.with_nans();
  c.within(4e-7 * double(w.kh * w.kw * w.cin) + 1e-6, 1e-5).run(batch);
}

}  // namespace

TEST(windows) {
  for (const int64_t kh : {1, 2, 3, 5})
    for (const int64_t kw : {1, 3}) convolve({.kh = kh, .kw = kw});
}

TEST(channels) {
  for (const int64_t cin : {1, 3, 8, 17})
    for (const int64_t cout : {1, 5, 16, 33}) {
      convolve({.cin = cin, .cout = cout}, 2);
      convolve({.kh = 1, .kw = 1, .cin = cin, .cout = cout}, 2);
    }
}

TEST(the_smallest_image) { convolve({.height = 3, .width = 3}); }

TEST(groups_and_dilation) {
  for (const uint32_t groups : {1u, 2u, 4u, 16u}) convolve({.groups = groups});
  convolve({.kh = 1, .kw = 1, .cin = 8, .cout = 4, .groups = 4});
  for (const uint32_t dilation : {1u, 2u, 3u}) convolve({.dilation = dilation});
  convolve({.dilation = 2, .groups = 8});
}

// What is beyond a window's depth is not its pixel's, even times zero.
TEST(a_nan_reaches_the_windows_that_see_it_and_no_other) {
  for (const int64_t cin : {3, 17})
    for (const int64_t k : {1, 3}) convolve({.kh = k, .kw = k, .cin = cin, .nans = true});
  convolve({.cin = 6, .cout = 16, .groups = 2, .nans = true});
  convolve({.cin = 3, .cout = 5, .dilation = 2, .padded = true, .nans = true});
}

TEST(padding) {
  for (const bool circular : {false, true}) {
    convolve({.padded = true, .circular = circular});
    convolve({.kh = 5, .kw = 3, .padded = true, .circular = circular});
    convolve({.dilation = 2, .padded = true, .circular = circular});
    convolve({.cin = 6, .cout = 6, .groups = 6, .padded = true, .circular = circular});
    convolve({.height = 2, .width = 1, .padded = true, .circular = circular});
  }
}

TEST(bias_and_weights) {
  for (const bool bias : {false, true})
    for (const bool constant : {false, true})
      for (const bool padded : {false, true})
        for (const int64_t k : {1, 3}) convolve({.kh = k, .kw = k, .padded = padded, .bias = bias, .constant = constant}, 2);
}

TEST(activation_behind) {
  for (const uint32_t activation : {ATH_OP_RELU, ATH_OP_ELU, ATH_OP_SIGMOID, ATH_OP_TANH, ATH_OP_GELU, ATH_OP_SILU}) {
    convolve({.activation = activation}, 2);
    convolve({.kh = 1, .kw = 1, .activation = activation}, 2);
  }
}

// Convolution against a double loop over strides, dilations, groups and odd channel counts; splits and levels by bits.
#include "levels.hpp"

using namespace kernels_test;

namespace {

struct Problem {
  ConvCall call;
  std::vector<float> in, weights, bias, residual;
  int64_t out_floats;
};

Problem random_problem(Generator& g) {
  Problem p;
  ConvCall& c = p.call;
  c.images = g.size(1, 3), c.out_h = g.size(1, 7), c.out_w = g.size(1, 40);
  c.kernel_h = g.size(1, 4), c.kernel_w = g.flip() ? 3 : g.size(1, 5);
  if (g.size(0, 4) == 0) c.kernel_h = c.kernel_w = 1;
  if (g.size(0, 2) == 0) c.stride_h = g.size(1, 3), c.stride_w = g.size(1, 3);
  if (g.size(0, 2) == 0) c.dilation_h = g.size(1, 3), c.dilation_w = g.size(1, 3);
  c.groups = g.size(0, 3) == 0 ? g.size(2, 4) : 1;
  c.cin = c.groups * g.size(1, 20), c.cout = c.groups * g.size(1, g.flip() ? 40 : 70);
  const int64_t in_h = (c.out_h - 1) * c.stride_h + (c.kernel_h - 1) * c.dilation_h + 1;
  const int64_t in_w = (c.out_w - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w + 1;
  c.in_pixel = c.cin + g.size(0, 3), c.in_row = in_w * c.in_pixel + g.size(0, 3);
  c.in_image = in_h * c.in_row + g.size(0, 3);
  c.out_pixel = c.cout + g.size(0, 3), c.out_row = c.out_w * c.out_pixel + g.size(0, 3);
  c.out_image = c.out_h * c.out_row + g.size(0, 3);
  p.out_floats = c.images * c.out_image;
  // Exactly what a valid convolution may read, so that a sanitizer sees one float too many.
  p.in = g.reals(c.images * c.in_image - (c.in_image - (in_h - 1) * c.in_row - (in_w - 1) * c.in_pixel - c.cin));
  p.weights = g.reals(c.kernel_h * c.kernel_w * (c.cin / c.groups) * c.cout);
  p.bias = g.reals(c.cout);
  p.residual = g.reals(p.out_floats);
  c.in = p.in.data();
  if (g.flip()) c.epilogue.bias = p.bias.data();
  if (g.size(0, 2) == 0) {
    c.epilogue.residual = p.residual.data(), c.epilogue.residual_ld = c.out_pixel;
    c.residual_row = c.out_row, c.residual_image = c.out_image;
  }
  c.epilogue.activation = static_cast<Activation>(g.size(0, 2));
  return p;
}

std::vector<float> packed(const KernelTable& t, const Problem& p) {
  const ConvCall& c = p.call;
  std::vector<float> out(static_cast<size_t>(t.pack_conv_floats(c.kernel_h, c.kernel_w, c.cin, c.cout, c.groups)) + 1,
                         kGuard);
  t.pack_conv(c.kernel_h, c.kernel_w, c.cin, c.cout, c.groups, p.weights.data(), out.data());
  EXPECT_EQ(out.back(), kGuard);
  return out;
}

std::vector<float> run(const KernelTable& t, const Problem& p) {
  std::vector<float> out(static_cast<size_t>(p.out_floats), kGuard);
  const std::vector<float> weights = packed(t, p);
  ConvCall call = p.call;
  call.weights = weights.data(), call.out = out.data();
  t.conv(&call);
  return out;
}

// The exact value and the sum of magnitudes of one output.
double reference(const Problem& p, int64_t b, int64_t y, int64_t x, int64_t o, double* out_magnitude) {
  const ConvCall& c = p.call;
  const int64_t group_in = c.cin / c.groups, group = o / (c.cout / c.groups);
  double sum = 0, magnitude = 0;
  for (int64_t kh = 0; kh < c.kernel_h; ++kh) {
    for (int64_t kw = 0; kw < c.kernel_w; ++kw) {
      for (int64_t i = 0; i < group_in; ++i) {
        const float in = p.in[b * c.in_image + (y * c.stride_h + kh * c.dilation_h) * c.in_row +
                              (x * c.stride_w + kw * c.dilation_w) * c.in_pixel + group * group_in + i];
        const double product = double(in) * p.weights[((kh * c.kernel_w + kw) * group_in + i) * c.cout + o];
        sum += product, magnitude += std::fabs(product);
      }
    }
  }
  if (c.epilogue.bias) sum += p.bias[o], magnitude += 1;
  if (c.epilogue.residual) sum += p.residual[b * c.out_image + y * c.out_row + x * c.out_pixel + o], magnitude += 1;
  *out_magnitude = magnitude;
  return activation_of(c.epilogue.activation, sum, 1.0);
}

void expect_close(const KernelTable& t, const Problem& p, const std::vector<float>& out) {
  const ConvCall& c = p.call;
  std::vector<bool> written(out.size(), false);
  const double taps = double(c.kernel_h * c.kernel_w * c.cin / c.groups);
  for (int64_t b = 0; b < c.images; ++b) {
    for (int64_t y = 0; y < c.out_h; ++y) {
      for (int64_t x = 0; x < c.out_w; ++x) {
        for (int64_t o = 0; o < c.cout; ++o) {
          const int64_t at = b * c.out_image + y * c.out_row + x * c.out_pixel + o;
          written[at] = true;
          double magnitude;
          const double wanted = reference(p, b, y, x, o, &magnitude);
          if (!EXPECT_NEAR(out[at], wanted, 6e-8 * (taps + 8) * magnitude + 1e-6)) {
            std::fprintf(stderr, "  level %s, kernel %ldx%ld, %ld -> %ld channels in %ld groups, width %ld\n", t.name,
                         long(c.kernel_h), long(c.kernel_w), long(c.cin), long(c.cout), long(c.groups), long(c.out_w));
            return;
          }
        }
      }
    }
  }
  for (size_t i = 0; i < out.size(); ++i) {
    if (!written[i] && !EXPECT_EQ(out[i], kGuard)) return;
  }
}

}  // namespace

TEST(conv_equals_a_double_loop) {
  for (const KernelTable* t : levels()) {
    Generator g(11);
    for (int round = 0; round < 80; ++round) {
      const Problem p = random_problem(g);
      expect_close(*t, p, run(*t, p));
    }
  }
}

TEST(conv_gives_the_same_bits_alone_and_in_a_batch_and_for_any_cut) {
  for (const KernelTable* t : levels()) {
    Generator g(12);
    for (int round = 0; round < 40; ++round) {
      const Problem p = random_problem(g);
      const std::vector<float> whole = run(*t, p), weights = packed(*t, p);
      std::vector<float> pieces(whole.size(), kGuard);
      const int64_t cut = g.size(0, p.call.out_w);
      for (int64_t b = 0; b < p.call.images; ++b) {
        for (int64_t y = 0; y < p.call.out_h; ++y) {
          for (int part = 0; part < 2; ++part) {
            ConvCall c = p.call;
            const int64_t x = part ? cut : 0;
            c.images = 1, c.out_h = 1, c.out_w = part ? p.call.out_w - cut : cut;
            c.weights = weights.data();
            c.in += b * c.in_image + y * c.stride_h * c.in_row + x * c.stride_w * c.in_pixel;
            const int64_t at = b * c.out_image + y * c.out_row + x * c.out_pixel;
            c.out = pieces.data() + at;
            if (c.epilogue.residual) c.epilogue.residual += at;
            t->conv(&c);
          }
        }
      }
      EXPECT(same_bits(whole.data(), pieces.data(), p.out_floats));
    }
  }
}

TEST(conv_agrees_bit_for_bit_between_levels_with_fma) {
  std::vector<const KernelTable*> fused;
  for (const KernelTable* t : levels()) {
    if (t->has_fma) fused.push_back(t);
  }
  if (fused.size() < 2) SKIP("this CPU runs fewer than two levels with FMA");
  Generator g(13);
  for (int round = 0; round < 40; ++round) {
    const Problem p = random_problem(g);
    const std::vector<float> first = run(*fused[0], p);
    for (const KernelTable* t : fused) EXPECT(same_bits(first.data(), run(*t, p).data(), p.out_floats));
  }
}

EXPECT_MAIN

// The text the metal plugin carries: all of the kernels' sources, word for word, and nothing that a device's compiler could not find.
#include <fstream>
#include <iterator>
#include <string>

#include "expect.hpp"
#include "gpu/ops.hpp"

namespace {

std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST(the_sources_are_in_it_word_for_word) {
  const std::string text = contents(METAL_TEXT);
  for (const char* name : {"dialects/metal.hpp", "kernels/arguments.hpp", "kernels/math.inl", "kernels/pointwise.inl", "kernels/complex_mul.inl", "kernels/mask.inl",
                           "kernels/qca_update.inl", "kernels/softmax.inl", "kernels/tile_product.inl", "kernels/transpose.inl", "kernels/conv2d.inl",
                           "kernels/matmul.inl"}) {
    std::string source = contents(std::string(GPU_SOURCES "/") + name);
    const std::string once = "#pragma once\n";
    const size_t at = source.find(once);
    if (at != std::string::npos) source.erase(at, once.size());
    if (!EXPECT(source.size() > 100 && text.find(source) != std::string::npos)) std::fprintf(stderr, "  %s\n", name);
  }
}

TEST(nothing_else_is_included) {
  const std::string text = contents(METAL_TEXT);
  size_t includes = 0;
  for (size_t at = 0; (at = text.find("\n#include", at)) != std::string::npos; ++at) ++includes;
  EXPECT_EQ(includes, 1u);
  EXPECT_CONTAINS(text, "\n#include <metal_stdlib>\n");
  EXPECT(text.find("__global__") == std::string::npos);
}

TEST(every_kernel_is_in_it_and_all_of_it_is_in_the_plugin) {
  const std::string text = contents(METAL_TEXT);
  for (const atheria::gpu::KernelFacts& kernel : atheria::gpu::kKernels)
    EXPECT_CONTAINS(text, "ATH_KERNEL(" + std::string(kernel.symbol).substr(4) + ", ");
  EXPECT(contents(METAL_PLUGIN).find(text) != std::string::npos);
}

EXPECT_MAIN

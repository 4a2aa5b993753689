// What is really in the plugins: the architectures the build says, PTX for what comes later. Reads the built files; runs nothing of them.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "emulated/image.hpp"
#include "expect.hpp"

namespace {

[[maybe_unused]] std::vector<char> bytes_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  EXPECT(bytes.size() > 10000);
  bytes.resize(bytes.size() + 64);  // so that a header near the end can be read
  return bytes;
}

[[maybe_unused]] std::string sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names) text += name + " ";
  return text;
}

[[maybe_unused]] std::vector<std::string> words(const std::string& list) {
  std::vector<std::string> names;
  for (size_t at = 0; at < list.size();) {
    const size_t end = std::min(list.find(' ', at), list.size());
    if (end > at) names.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return names;
}

}  // namespace

TEST(the_fat_binary_has_what_the_build_says) {
#if defined(CUDA_PLUGIN)
  const std::vector<char> bytes = bytes_of(CUDA_PLUGIN);
  const std::string magic = "\x50\xED\x55\xBA";
  const auto at = std::search(bytes.begin(), bytes.end(), magic.begin(), magic.end());
  std::vector<std::string> real, ptx;
  if (EXPECT(at != bytes.end()))
    for (const emulated::ImageEntry& entry : emulated::read_fat_binary(&*at)) (entry.ptx ? ptx : real).push_back(entry.target);
  EXPECT_EQ(sorted(real), sorted(words(CUDA_REAL)));
  EXPECT_EQ(sorted(ptx), sorted(words(CUDA_PTX)));
  EXPECT(!ptx.empty());
#else
  SKIP("this build has no cuda plugin");
#endif
}

TEST(the_bundle_has_what_the_build_says) {
#if defined(ROCM_PLUGIN)
  const std::vector<char> bytes = bytes_of(ROCM_PLUGIN);
  const std::string magic = "__CLANG_OFFLOAD_BUNDLE__";
  const auto at = std::search(bytes.begin(), bytes.end(), magic.begin(), magic.end());
  std::vector<std::string> targets;
  if (EXPECT(at != bytes.end()))
    for (const emulated::ImageEntry& entry : emulated::read_bundle(&*at)) targets.push_back(entry.target);
  EXPECT_EQ(sorted(targets), sorted(words(ROCM_TARGETS)));
#else
  SKIP("this build has no rocm plugin");
#endif
}

EXPECT_MAIN

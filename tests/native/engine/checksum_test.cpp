// XXH64 against published values, and streaming against one piece.
#include "checksum.hpp"

#include <cstring>
#include <string>
#include <vector>

#include "../expect.hpp"

using atheria::engine::Checksum;

namespace {
uint64_t sum_of(const std::string& text) {
  Checksum sum;
  sum.add(text.data(), text.size());
  return sum.value();
}
}  // namespace

TEST(published_values) {
  EXPECT_EQ(sum_of(""), 0xEF46DB3751D8E999ull);
  EXPECT_EQ(sum_of("a"), 0xD24EC4F1A98C6E5Bull);
  EXPECT_EQ(sum_of("abc"), 0x44BC2CF5AD770999ull);
  EXPECT_EQ(sum_of("Nobody inspects the spammish repetition"), 0xFBCEA83C8A378BF1ull);
}

TEST(pieces_give_the_sum_of_the_whole) {
  std::vector<unsigned char> bytes(1000);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(i * 131 + 7);
  Checksum whole;
  whole.add(bytes.data(), bytes.size());
  for (const size_t piece : {1, 3, 7, 31, 32, 33, 100, 999}) {
    Checksum parts;
    for (size_t at = 0; at < bytes.size(); at += piece) parts.add(bytes.data() + at, std::min(piece, bytes.size() - at));
    EXPECT_EQ(parts.value(), whole.value());
  }
}

EXPECT_MAIN

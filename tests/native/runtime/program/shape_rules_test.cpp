// Shape rules of the instructions with windows, halves and groups.
#include "text_program.hpp"

namespace {

std::string conv(const std::string& in, const std::string& weight, const std::string& out, const std::string& attr = "", const std::string& bias = "") {
  size_t bytes = 4, factor = 0;
  for (const char c : weight + ",")
    if (c == ',') {
      bytes *= factor;
      factor = 0;
    } else {
      factor = factor * 10 + size_t(c - '0');
    }
  const TextProgram program("input x f32[" + in + "]\nconstant w f32[" + weight + "] = " + std::string(2 * bytes, '0') + "\n" +
                            (bias.empty() ? "" : "constant b f32[" + bias + "] = " + std::string(8 * size_t(std::stoi(bias)), '0') + "\n") + "output y f32[" + out +
                            "]\n" + (attr.empty() ? "" : "attr " + attr + "\n") + "conv2d y x w" + (bias.empty() ? "" : " b") + "\nhalt\n");
  return program.complaint();
}

std::string update(const std::string& out, const std::string& activity, const std::string& attr, const std::string& background = "8") {
  const TextProgram program("input p f32[N,8]\ninput d f32[N,8]\ninput b f32[" + background + "]\noutput o f32[" + out + "]\noutput a f32[" + activity +
                            "]\nattr " + attr + "\nqca_update o a p d\nhalt\n");
  return program.complaint();
}

}  // namespace

TEST(convolutions_that_are_right) {
  EXPECT_EQ(conv("B,H,W,4", "3,3,4,6", "B,H-2,W-2,6"), "");
  EXPECT_EQ(conv("B,H,W,4", "3,3,4,6", "B,H,W,6"), "");
  EXPECT_EQ(conv("B,H,W,4", "3,1,4,6", "B,H-2,W,6"), "");
  EXPECT_EQ(conv("B,H-2,W-2,4", "3,3,4,6", "B,H-4,W-4,6", "", "6"), "");
  EXPECT_EQ(conv("B,H,W,4", "3,3,4,6", "B,H-6,W-6,6", "3 0 0 0"), "");
  EXPECT_EQ(conv("B,H,W,4", "3,3,2,6", "B,H-2,W-2,6", "0 2 0 0"), "");
  EXPECT_EQ(conv("2,9,9,4", "3,3,4,6", "2,9,9,6", "0 0 1 0"), "");
  EXPECT_EQ(conv("B,H,W,4", "2,2,4,6", "B,H-1,W-1,6"), "");
}

TEST(convolutions_that_are_wrong) {
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H-1,W-2,6"), "output H must be input H, or that minus 2");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H-2,W-4,6"), "output W must be input W, or that minus 2");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,W-2,H-2,6"), "slot 0 is f32[B,W-2,H-2,6], but slot 1 is f32[B,H,W,4]");
  EXPECT_CONTAINS(conv("B,H,W,4", "2,2,4,6", "B,H,W,6"), "cannot be padded by half");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,3,6", "B,H-2,W-2,6"), "need [KH,KW,4,6]");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,5", "B,H-2,W-2,6"), "need [KH,KW,4,6]");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,1,6", "B,H-2,W-2,6", "0 3 0 0"), "3 groups do not divide 4 input and 6 output channels");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H-2,W-2,6", "0 0 1 0"), "circular padding, but output H is smaller");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H,W,6", "0 0 2 0"), "padding is 2; expected 0 (zero) or 1 (circular)");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H,W,6", "0 0 0 9"), "fourth attribute is 9");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "C,H-2,W-2,6"), "the batch must be the same");
  EXPECT_CONTAINS(conv("B,H,4", "3,3,4,6", "B,H,4"), "needs rank 4");
  EXPECT_CONTAINS(conv("B,H,W,C", "3,3,4,6", "B,H-2,W-2,6"), "channels must be numbers");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H-2,W-2,6", "", "5"), "slot 3 is f32[5], but the bias must be f32[6]");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H-2,W-2,6", "1073741822 0 0 0"), "output H must be input H");
  EXPECT_CONTAINS(conv("B,H,W,4", "3,3,4,6", "B,H-2,W-2,6", "1073741824 0 0 0"), "a window of 2147483649 on H: 3 cells 1073741824 apart; expected at most 2147483647");
  EXPECT_CONTAINS(conv("B,H,W,4", "1,3,4,6", "B,H,W,6", "4294967295 0 0 0"), "a window of 8589934591 on W");
}

TEST(updates) {
  EXPECT_EQ(update("N,8", "N", "3 0 0 0"), "");
  EXPECT_EQ(update("N,8", "N", "3 0 3 0"), "");
  EXPECT_EQ(update("N,8", "N", "3 0 3 0", "N,8"), "");
  EXPECT_CONTAINS(update("N,8", "N", "4 0 0 0"), "flags are 4");
  EXPECT_CONTAINS(update("N,8", "N", "3 0 3 0", "4"), "background is f32[4], but must be f32[N,8] or a vector of its last axis");
  EXPECT_CONTAINS(update("N,8", "N", "3 0 77 0"), "the attr's background names tensor 76");
  EXPECT_CONTAINS(update("N,8", "N,1", "3 0 0 0"), "activity must be slot 0 without its last axis");
  EXPECT_CONTAINS(update("M,8", "M", "3 0 0 0"), "slot 2 is f32[N,8], but slot 0 is f32[M,8]");
}

TEST(products_transpositions_and_complex_numbers) {
  const auto check = [](const std::string& text) { return TextProgram(text + "\nhalt\n").complaint(); };
  EXPECT_EQ(check("input a f32[B,M,K]\ninput b f32[K,N]\noutput y f32[B,M,N]\nmatmul y a b"), "");
  EXPECT_CONTAINS(check("input a f32[B,M,K]\ninput b f32[N,K]\noutput y f32[B,M,N]\nmatmul y a b"), "its K does not match");
  EXPECT_CONTAINS(check("input a f32[B,M,K]\ninput b f32[K,N]\noutput y f32[B,N,M]\nmatmul y a b"), "but the product of f32[B,M,K] and f32[K,N] is not");
  EXPECT_CONTAINS(check("input a f32[K]\ninput b f32[K,N]\noutput y f32[N]\nmatmul y a b"), "rank 2 or more");
  EXPECT_CONTAINS(check("input a f32[B,K]\ninput b f32[B,K,N]\noutput y f32[B,N]\nmatmul y a b"), "must have rank 2");
  EXPECT_EQ(check("input a f32[B,M,K]\noutput y f32[B,K,M]\ntranspose y a"), "");
  EXPECT_CONTAINS(check("input a f32[B,M,K]\noutput y f32[B,M,K]\ntranspose y a"), "the last two axes must be exchanged");
  EXPECT_CONTAINS(check("input a f32[B,7]\noutput y f32[B,7]\ncomplex_mul y a a"), "must be an even number");
  EXPECT_CONTAINS(check("input a f32[B,C]\noutput y f32[B,C]\ncomplex_mul y a a"), "must be an even number");
}

EXPECT_MAIN

// What verify refuses, and in which words: op number, op, slot, shapes.
#include "text_program.hpp"

namespace {

// The program of these lines between the tensors and the halt.
std::string complaint(const std::string& lines) {
  const TextProgram program(
      "program \"p\"\ninput x f32[B,8]\ninput y f32[B,8]\ninput n f32[N,8]\ninput i i32[B,8]\nconstant w f32[2,2] = 0000803f000000000000000000000040\n"
      "local s f32[B,8]\nlocal t f32[B,8]\noutput z f32[B,8]\n" +
      lines);
  return program.complaint();
}

}  // namespace

TEST(a_right_program_passes) { EXPECT_EQ(complaint("alloc s\nadd s x y\nnop\nrelu t s\nfree s\nstore z t\nhalt\n"), ""); }

TEST(order_of_life) {
  EXPECT_CONTAINS(complaint("relu z s\nhalt\n"), "program \"p\", op 0 relu: slot 1 reads tensor 5 \"s\" before anything is written to it");
  EXPECT_CONTAINS(complaint("alloc s\nrelu z s\nhalt\n"), "before anything is written");
  EXPECT_CONTAINS(complaint("relu s x\nfree s\nrelu z s\nhalt\n"), "op 2 relu: slot 1 reads tensor 5 \"s\" after it was freed");
  EXPECT_CONTAINS(complaint("relu s x\nrelu s y\nrelu z s\nhalt\n"), "op 1 relu: slot 0 writes tensor 5 \"s\" a second time");
  EXPECT_CONTAINS(complaint("relu s x\nfree s\nrelu s y\nrelu z s\nhalt\n"), "op 2 relu: slot 0 writes tensor 5 \"s\" after it was freed");
  EXPECT_CONTAINS(complaint("relu x y\nrelu z x\nhalt\n"), "op 0 relu: slot 0 writes tensor 0 \"x\", which is an input; write to an output or a local");
  EXPECT_CONTAINS(complaint("relu s x\nfree s\nfree s\nrelu z x\nhalt\n"), "op 2 free: tensor 5 \"s\" is freed a second time");
  EXPECT_CONTAINS(complaint("free s\nrelu z x\nhalt\n"), "does not live yet");
  EXPECT_CONTAINS(complaint("alloc s\nalloc s\nrelu z x\nhalt\n"), "op 1 alloc: tensor 5 \"s\" lives or has lived already");
  EXPECT_EQ(complaint("gpu_alloc s\nadd s x y\nrelu z s\nhalt\n"), "");
  EXPECT_CONTAINS(complaint("gpu_alloc s\nrelu z s\nhalt\n"), "before anything is written");
  EXPECT_CONTAINS(complaint("gpu_alloc s\ngpu_alloc s\nrelu z x\nhalt\n"), "op 1 gpu_alloc: tensor 5 \"s\" lives or has lived already");
  EXPECT_CONTAINS(complaint("free x\nrelu z x\nhalt\n"), "tensor 0 \"x\" is no local");
  EXPECT_CONTAINS(complaint("relu s s\nrelu z s\nhalt\n"), "before anything is written");
}

TEST(ends) {
  EXPECT_CONTAINS(complaint("relu z x\n"), "program \"p\": the last of 1 instructions must be halt");
  EXPECT_CONTAINS(complaint(""), "the last of 0 instructions must be halt");
  EXPECT_CONTAINS(complaint("halt\nrelu z x\nhalt\n"), "op 0 halt: more instructions follow");
  EXPECT_CONTAINS(complaint("relu s x\nhalt\n"), "output 7 \"z\" is never written");
}

TEST(raw_operands) {
  EXPECT_CONTAINS(complaint("op 0x00020000 7 0 99 0\nhalt\n"), "op 0 add: slot 2 names tensor 99, but there are 8");
  EXPECT_CONTAINS(complaint("op 0x00020000 99 0 1 0\nhalt\n"), "slot 0 names tensor 99");
  EXPECT_CONTAINS(complaint("op 0x00020000 7 0 1 5\nhalt\n"), "op 0 add: slot 3 is unused and must be 0, not 5");
  EXPECT_CONTAINS(complaint("op 0x00020000 7 0 0xFFFFFFFF 0\nhalt\n"), "slot 2 names tensor 4294967295");
  EXPECT_CONTAINS(complaint("op 0x12345678 0 0 0 0\nhalt\n"), "op 0 ?: opcode 0x12345678 is not in the list");
  EXPECT_CONTAINS(complaint("op 0x00010000 99 0 0 0\nhalt\n"), "slot 0 names tensor 99");
  EXPECT_CONTAINS(complaint("op 0x00040030 7 7 0 1\nhalt\n"), "a second time");
}

TEST(attributes_belong_to_what_takes_them) {
  EXPECT_CONTAINS(complaint("attr 1 0 0 0\nrelu z x\nhalt\n"), "op 1 relu: takes no attr");
  EXPECT_CONTAINS(complaint("attr 1 0 0 0\nattr 1 0 0 0\nrelu z x\nhalt\n"), "op 1 attr: follows another attr");
  EXPECT_CONTAINS(complaint("relu z x\nattr 1 0 0 0\nhalt\n"), "op 2 halt: takes no attr");
}

TEST(kinds_of_tensors) {
  EXPECT_CONTAINS(complaint("load z x\nhalt\n"), "load writes locals");
  EXPECT_CONTAINS(complaint("relu s x\nload t s\nrelu z t\nhalt\n"), "load reads inputs and constants");
  EXPECT_CONTAINS(complaint("store s x\nrelu z s\nhalt\n"), "store writes outputs");
  EXPECT_CONTAINS(complaint("relu z i\nhalt\n"), "slot 1 is i32[B,8]; expected f32");
  EXPECT_CONTAINS(complaint("store z i\nhalt\n"), "slot 1 is i32[B,8], but slot 0 is f32[B,8]");
}

TEST(shapes_for_all_values_of_the_symbols) {
  EXPECT_CONTAINS(complaint("relu z n\nhalt\n"), "slot 1 is f32[N,8], but slot 0 is f32[B,8]; they must be the same");
  EXPECT_CONTAINS(complaint("add z x n\nhalt\n"), "slot 2 is f32[N,8], but slot 1 is f32[B,8]");
  EXPECT_CONTAINS(complaint("add z x w\nhalt\n"), "a vector of its last axis");
  EXPECT_CONTAINS(complaint("matmul z x w\nhalt\n"), "its K does not match");
}

TEST(verified_once_until_the_next_change) {
  const TextProgram program("input x f32[4]\noutput y f32[4]\nrelu y x\nhalt\n");
  EXPECT_EQ(program.complaint(), "");
  EXPECT_EQ(program.complaint(), "");
  const ath_instruction nop = {ATH_OP_NOP, {}};
  EXPECT_OK(ath_program_add_instruction(program.get(), &nop));
  EXPECT_CONTAINS(program.complaint(), "halt: more instructions follow");
}

EXPECT_MAIN

// Text: round trips, escapes, numbers, and mistakes told with their line.
#include "text_program.hpp"

namespace {

std::string formatted(const ath_program* program) {
  char* text = nullptr;
  size_t bytes = 0;
  if (!EXPECT_OK(ath_program_format(program, &text, &bytes))) return "";
  EXPECT_EQ(std::strlen(text), bytes);
  const std::string copy = text;
  ath_bytes_free(text);
  return copy;
}

std::string refused(const std::string& text) {
  ath_program* program = nullptr;
  if (!EXPECT_STATUS(ath_program_parse(text.data(), text.size(), &program), ATH_INVALID_ARGUMENT)) return ath_program_release(program), "";
  return ath_status_message();
}

}  // namespace

TEST(the_canonical_text_comes_back) {
  const std::string text =
      "meta \"gamma\" \"0.01\"\n"
      "program \"relu of a \\\"sum\\\" \\\\ \\x09\"\n"
      "input x f32[B,H,W,16]\n"
      "input y f32[B,H+3,W-2,16]\n"
      "constant b f32[2] = 0000803f00000040\n"
      "local s i32[4]\n"
      "output z f32[B,H,W,16]\n"
      "alloc s\n"
      "attr 1 2 3 4\n"
      "add z x x\n"
      "scale z x 0.5\n"
      "scale z x -0.0\n"
      "scale z x 1e-30\n"
      "scale z x 0x7f800000\n"
      "matmul z x y -\n"
      "matmul z x y b\n"
      "op 0x12345678 0x1 0x2 0x3 0xffffffff\n"
      "op 0x00020000 0x63 0x0 0x0 0x0\n"
      "halt\n";
  const TextProgram program(text);
  EXPECT_EQ(formatted(program.get()), text);
  EXPECT_EQ(ath_program_metadata(program.get(), "name"), "relu of a \"sum\" \\ \t");
  EXPECT(ath_program_metadata(program.get(), "none") == nullptr);
}

TEST(space_comments_and_case_are_free) {
  const TextProgram program("\n  # a comment\r\n\tinput   x\tf32[4]   # another\n input y f32[4]#third\noutput z f32[4]\nadd z x y\n\n\nhalt");
  EXPECT_EQ(formatted(program.get()), "input x f32[4]\ninput y f32[4]\noutput z f32[4]\nadd z x y\nhalt\n");
  EXPECT_EQ(program.complaint(), "");
}

TEST(long_constants_show_their_digest_only) {
  const TextProgram program("constant w f32[17] = " + std::string(17 * 8, '0') + "\n");
  const std::string text = formatted(program.get());
  EXPECT_EQ(text, "constant w f32[17] = bytes 68 sha256 1751ac12e70e15b4f76c16775cd329ae55973b612521dab2de828a5cdb6c8ab3\n");
  EXPECT_CONTAINS(refused(text), "line 1: the bytes of this constant are not in the text");
}

TEST(every_float_reads_back) {
  for (uint64_t wide = 0; wide <= UINT32_MAX; wide += 1234577u) {
    const auto bits = uint32_t(wide);
    char number[32];
    std::snprintf(number, sizeof number, "0x%08x", bits);
    const TextProgram program("input x f32[1]\noutput y f32[1]\nscale y x " + std::string(number) + "\nhalt\n");
    const TextProgram again(formatted(program.get()));
    ath_instruction code;
    EXPECT_OK(ath_program_instruction(again.get(), 0, &code));
    if (!EXPECT_EQ(code.operands[2], bits)) break;
  }
}

TEST(mistakes_are_told_with_their_line) {
  EXPECT_CONTAINS(refused("input x f32[4]\nadd z x x\n"), "text line 2: no tensor \"z\" above this line");
  EXPECT_CONTAINS(refused("input x f32[4]\nfrobnicate x\n"), "line 2: \"frobnicate\" is no instruction");
  EXPECT_CONTAINS(refused("input x f32[4]\ninput x f32[4]\n"), "line 2: tensor 1 \"x\": the name is taken");
  EXPECT_CONTAINS(refused("input x f32[0]\n"), "dimension 0 is 0; expected at least 1");
  EXPECT_CONTAINS(refused("input x f32[B*2]\n"), "is no shape");
  EXPECT_CONTAINS(refused("input x f32[B+-2]\n"), "is no shape");
  EXPECT_CONTAINS(refused("input x f32[]\n"), "is no shape");
  EXPECT_CONTAINS(refused("input x f64[2]\n"), "is no shape");
  EXPECT_CONTAINS(refused("input x f32[99999999999]\n"), "is no shape");
  EXPECT_CONTAINS(refused("input x f32[1,1,1,1,1,1,1]\n"), "more than 6 dimensions");
  EXPECT_CONTAINS(refused("input x\n"), "expected a name and a shape");
  EXPECT_CONTAINS(refused("input " + std::string(32, 'x') + " f32[1]\n"), "more than 31 letters");
  EXPECT_CONTAINS(refused("input x-y f32[1]\n"), "must have 1 to 31 of the letters");
  EXPECT_CONTAINS(refused("constant b f32[2] = 00\n"), "needs 8 bytes, 1 given");
  EXPECT_CONTAINS(refused("constant b f32[B] = 00000000\n"), "constants have no symbols");
  EXPECT_CONTAINS(refused("constant b f32[1] = 0000000g\n"), "\"0g\" is no hexadecimal byte");
  EXPECT_CONTAINS(refused("constant b f32[1]\n"), "expected = and");
  EXPECT_CONTAINS(refused("program \"a\n"), "has no end on its line");
  EXPECT_CONTAINS(refused("program \"\\q\"\n"), "after a backslash");
  EXPECT_CONTAINS(refused("program name\n"), "expected a text in quotes");
  EXPECT_CONTAINS(refused("program \"\xff\"\n"), "must be UTF-8");
  EXPECT_CONTAINS(refused("halt 3\n"), "\"3\" is too much");
  EXPECT_CONTAINS(refused("input x f32[1]\nadd x\n"), "add needs an operand for slot 1");
  EXPECT_CONTAINS(refused("input x f32[1]\noutput y f32[1]\nscale y x fast\n"), "\"fast\" is no number");
}

EXPECT_MAIN

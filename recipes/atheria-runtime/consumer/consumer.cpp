// A stranger's C++ program: the C headers compile as C++20, link, and make and read back a program.
#include <atheria/device.h>
#include <atheria/program.h>

#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

namespace {

struct ReleaseProgram {
  void operator()(ath_program* program) const { ath_program_release(program); }
};

}  // namespace

int main(int argc, char**) {
  constexpr std::string_view kText = "input x f32[B,8]\noutput y f32[B,8]\nrelu y x\nhalt\n";
  ath_program* raw = nullptr;
  if (argc != 2 || ath_program_parse(kText.data(), kText.size(), &raw) != ATH_OK) {
    std::fprintf(stderr, "consumer_cpp: %s\n", ath_status_message());
    return 1;
  }
  const std::unique_ptr<ath_program, ReleaseProgram> program(raw);
  ath_instruction instruction{};
  if (ath_program_verify(program.get()) != ATH_OK || ath_program_instruction_count(program.get()) != 2 ||
      ath_program_instruction(program.get(), 0, &instruction) != ATH_OK || instruction.opcode != ATH_OP_RELU) {
    std::fprintf(stderr, "consumer_cpp: the program read back is another one (%s)\n", ath_status_message());
    return 1;
  }
  char header[16];
  std::snprintf(header, sizeof header, "%d.%d.%d", ATH_VERSION_MAJOR, ATH_VERSION_MINOR, ATH_VERSION_PATCH);
  if (std::strcmp(header, ath_version()) != 0) {
    std::fprintf(stderr, "consumer_cpp: headers are %s, the library is %s\n", header, ath_version());
    return 1;
  }
  std::printf("consumer_cpp: runtime %s\n", ath_version());
  return 0;
}

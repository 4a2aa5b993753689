// Programs as text, for tests: parse, plan and run in a line each.
#pragma once

#include <cstring>
#include <initializer_list>
#include <string>
#include <vector>

#include "atheria/program.h"
#include "expect.hpp"

class TextProgram {
 public:
  explicit TextProgram(const std::string& text) { EXPECT_OK(ath_program_parse(text.data(), text.size(), &program_)); }
  TextProgram(const TextProgram&) = delete;
  ~TextProgram() { ath_program_release(program_); }
  ath_program* get() const { return program_; }

  // "" if it verifies, else the message.
  std::string complaint() const { return program_ && ath_program_verify(program_) ? ath_status_message() : ""; }

 private:
  ath_program* program_ = nullptr;
};

class Planned {
 public:
  Planned(const TextProgram& program, std::initializer_list<ath_symbol_value> values, ath_device* device = nullptr)
      : Planned(program, values, device ? std::vector<ath_device*>{device} : std::vector<ath_device*>{}) {}
  Planned(const TextProgram& program, std::initializer_list<ath_symbol_value> values, const std::vector<ath_device*>& devices) {
    EXPECT_OK(ath_executable_create(program.get(), devices.data(), devices.size(), values.begin(), values.size(), &executable_));
  }
  Planned(const Planned&) = delete;
  ~Planned() { ath_executable_release(executable_); }
  ath_executable* get() const { return executable_; }

  std::string explain() const {
    char* text = nullptr;
    if (!executable_ || !EXPECT_OK(ath_executable_explain(executable_, &text))) return "";
    const std::string copy = text;
    ath_bytes_free(text);
    return copy;
  }

  ath_status run(const std::vector<const void*>& inputs, const std::vector<void*>& outputs, const std::vector<ath_rectangle>& domains = {},
                 void* scratch = nullptr) const {
    ath_run run = {};
    run.struct_bytes = sizeof run;
    run.inputs = inputs.data();
    run.input_count = uint32_t(inputs.size());
    run.outputs = outputs.data();
    run.output_count = uint32_t(outputs.size());
    run.domains = domains.empty() ? nullptr : domains.data();
    run.domain_count = uint32_t(domains.size());
    run.scratch = scratch;
    return ath_executable_run(executable_, &run);
  }

 private:
  ath_executable* executable_ = nullptr;
};

// Hexadecimal bytes of floats, for constants in a text.
inline std::string hex(const std::vector<float>& values) {
  std::string text;
  for (const float value : values) {
    unsigned char bytes[4];
    std::memcpy(bytes, &value, 4);
    for (const unsigned char byte : bytes) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
  }
  return text;
}

// A program in memory: tensor table, instructions, metadata.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "atheria/program.h"
#include "base/aligned.hpp"

namespace atheria {

struct ProgramTensor {
  ath_tensor facts;
  AlignedBytes bytes;  // of a constant; its address never changes while the program lives
};

}  // namespace atheria

struct ath_program {
  std::atomic<uint32_t> references{1};
  std::vector<atheria::ProgramTensor> tensors;
  std::unordered_map<std::string, uint32_t> handles;  // by name
  std::vector<ath_instruction> code;
  std::map<std::string, std::string> metadata;  // sorted, as the container has it
  std::atomic<bool> verified{false};            // since the last change
};

namespace atheria {

// "diffuse", or "" if it has no name.
const char* program_name(const ath_program& program);
// "f32[B,H-2,16]".
std::string shape_text(const ath_tensor& tensor);
const char* dtype_text(uint32_t dtype);
bool utf8_text(const char* text);
// A copy for the C border, released by ath_bytes_free.
ath_status text_to_caller(const std::string& text, char** out_text);

inline constexpr size_t kElementBytes = 4;  // both dtypes have it

// Bytes of a tensor without symbols; false if they do not fit.
bool constant_bytes(const ath_tensor& tensor, size_t* out_bytes);

}  // namespace atheria

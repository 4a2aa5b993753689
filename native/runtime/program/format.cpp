// Program to text. Everything has a text, also what verify would refuse: an instruction that does not fit its slots is written as numbers.
#include <cmath>
#include <cstdio>
#include <cstring>

#include "base/decimal.hpp"
#include "base/guard.hpp"
#include "base/sha256.hpp"
#include "opcodes.hpp"
#include "program.hpp"

namespace atheria {
namespace {

constexpr size_t kHexBytesMax = 64;

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned char>(c));
      out += escape;
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string hexadecimal(const uint8_t* bytes, size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", bytes[i]);
    text += digits;
  }
  return text;
}

std::string float_text(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  if (std::isfinite(value)) return decimal_text(value);
  char text[32];
  std::snprintf(text, sizeof text, "0x%08x", bits);
  return text;
}

std::string instruction_text(const ath_program& program, const ath_instruction& code) {
  const Opcode* opcode = opcode_find(code.opcode);
  bool plain = opcode != nullptr;
  for (int slot = 0; plain && slot < 4; ++slot) {
    const char kind = opcode->slots[slot];
    if (kind == '-') plain = code.operands[slot] == 0;
    if (kind == 'o' || kind == 'i' || kind == 'w') plain = code.operands[slot] < program.tensors.size();
    if (kind == '?') plain = code.operands[slot] == ATH_NONE || code.operands[slot] < program.tensors.size();
  }
  if (!plain) {
    char text[80];
    std::snprintf(text, sizeof text, "op 0x%08x 0x%x 0x%x 0x%x 0x%x", code.opcode, code.operands[0], code.operands[1], code.operands[2], code.operands[3]);
    return text;
  }
  std::string text = opcode->text;
  for (int slot = 0; slot < 4; ++slot) {
    const char kind = opcode->slots[slot];
    const uint32_t operand = code.operands[slot];
    if (kind == '-') continue;
    text += ' ';
    if (kind == 'n') {
      text += code.opcode == ATH_OP_SCALE ? float_text(operand) : std::to_string(operand);
    } else {
      text += operand == ATH_NONE ? "-" : program.tensors[operand].facts.name;
    }
  }
  return text;
}

std::string program_text(const ath_program& program) {
  std::string text;
  for (const auto& [key, value] : program.metadata)
    text += (key == "name" ? "program " : "meta " + quoted(key) + " ") + quoted(value) + "\n";
  static const char* const roles[] = {"", "input", "output", "constant", "local"};
  for (const ProgramTensor& tensor : program.tensors) {
    text += std::string(roles[tensor.facts.role]) + " " + tensor.facts.name + " " + shape_text(tensor.facts);
    if (tensor.facts.role == ATH_ROLE_CONSTANT) {
      const auto* bytes = static_cast<const uint8_t*>(tensor.bytes.data());
      if (tensor.bytes.size() <= kHexBytesMax) {
        text += " = " + hexadecimal(bytes, tensor.bytes.size());
      } else {
        uint8_t digest[32];
        char digits[65];
        sha256(bytes, tensor.bytes.size(), digest);
        sha256_text(digest, digits);
        text += " = bytes " + std::to_string(tensor.bytes.size()) + " sha256 " + digits;
      }
    }
    text += '\n';
  }
  for (const ath_instruction& code : program.code) text += instruction_text(program, code) + "\n";
  return text;
}

}  // namespace

// For the C border: a copy that ath_bytes_free takes.
ath_status text_to_caller(const std::string& text, char** out_text) {
  auto* copy = static_cast<char*>(ath_allocator_system()->allocate(nullptr, text.size() + 1));
  if (!copy) return ath_status_set(ATH_OUT_OF_MEMORY, "text: the system refused %zu bytes", text.size() + 1);
  std::memcpy(copy, text.c_str(), text.size() + 1);
  *out_text = copy;
  return ATH_OK;
}

}  // namespace atheria

ath_status ath_program_format(const ath_program* program, char** out_text, size_t* out_bytes) {
  if (!program || !out_text) return ath_status_set(ATH_INVALID_ARGUMENT, "format: program or out_text is null");
  return atheria::guarded("format", [&]() -> ath_status {
    const std::string text = atheria::program_text(*program);
    if (out_bytes) *out_bytes = text.size();
    return atheria::text_to_caller(text, out_text);
  });
}

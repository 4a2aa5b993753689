// Text to program, line by line; a mistake is told with its line.
#include <charconv>
#include <cstring>
#include <string_view>

#include "base/decimal.hpp"
#include "base/guard.hpp"
#include "opcodes.hpp"
#include "program.hpp"

namespace atheria {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <typename Number>
bool whole_number(std::string_view text, int base, Number* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

class Parser {
 public:
  explicit Parser(ath_program& program) : program_(program) {}

  ath_status run(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const size_t end = std::min(text.find('\n'), text.size());
      rest_ = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (const ath_status refused = line()) return refused;
    }
    return ATH_OK;
  }

 private:
  ath_status refuse(const std::string& why) const { return ath_status_set(ATH_INVALID_ARGUMENT, "text line %zu: %s", line_, why.c_str()); }
  ath_status refuse_as_told() const { return refuse(std::string(ath_status_message())); }

  // The next word, or a quoted text with its quotes taken off; empty at the end of the line or at a comment.
  ath_status word(std::string* out, bool* out_quoted = nullptr) {
    out->clear();
    if (out_quoted) *out_quoted = false;
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t' || rest_[0] == '\r')) rest_.remove_prefix(1);
    if (rest_.empty() || rest_[0] == '#') {
      rest_ = {};
      return ATH_OK;
    }
    if (rest_[0] != '"') {
      const size_t end = std::min(rest_.find_first_of(" \t\r#"), rest_.size());
      *out = rest_.substr(0, end);
      rest_.remove_prefix(end);
      return ATH_OK;
    }
    if (out_quoted) *out_quoted = true;
    for (size_t i = 1; i < rest_.size(); ++i) {
      const char c = rest_[i];
      if (c == '"') {
        rest_.remove_prefix(i + 1);
        return ATH_OK;
      }
      if (c != '\\') {
        *out += c;
      } else if (i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\')) {
        *out += rest_[++i];
      } else if (i + 3 < rest_.size() && rest_[i + 1] == 'x' && hex_digit(rest_[i + 2]) >= 0 && hex_digit(rest_[i + 3]) >= 0) {
        const int byte = hex_digit(rest_[i + 2]) * 16 + hex_digit(rest_[i + 3]);
        if (!byte) return refuse("\\x00 ends a text in C; it cannot stand inside one");
        *out += char(byte);
        i += 3;
      } else {
        return refuse("after a backslash expected \", another backslash, or x and two hexadecimal digits");
      }
    }
    return refuse("a text that begins with \" has no end on its line");
  }

  ath_status quoted(const char* what, std::string* out) {
    bool is_quoted = false;
    if (const ath_status refused = word(out, &is_quoted)) return refused;
    return is_quoted ? ATH_OK : refuse(std::string("expected ") + what + " in quotes");
  }

  ath_status end_of_line() {
    std::string more;
    bool is_quoted = false;
    if (const ath_status refused = word(&more, &is_quoted)) return refused;
    return more.empty() && !is_quoted ? ATH_OK : refuse("\"" + more + "\" is too much");
  }

  ath_status line() {
    std::string first;
    bool is_quoted = false;
    if (const ath_status refused = word(&first, &is_quoted)) return refused;
    if (is_quoted) return refuse("a line begins with a word, not with a text in quotes");
    if (first.empty()) return ATH_OK;
    if (first == "program" || first == "meta") {
      std::string key = "name", value;
      if (first == "meta")
        if (const ath_status refused = quoted("a key", &key)) return refused;
      if (const ath_status refused = quoted("a text", &value)) return refused;
      if (ath_program_set_metadata(&program_, key.c_str(), value.c_str())) return refuse_as_told();
      return end_of_line();
    }
    static const char* const roles[] = {"input", "output", "constant", "local"};
    for (uint32_t role = 0; role < 4; ++role)
      if (first == roles[role]) return tensor(role + 1);
    return instruction(first);
  }

  ath_status shape(const std::string& text, ath_tensor* out) const {
    const std::string wrong = "\"" + text + "\" is no shape; expected something like f32[B,H-2,16]";
    if (text.size() < 6 || text[3] != '[' || text.back() != ']') return refuse(wrong);
    out->dtype = text.compare(0, 3, "f32") == 0 ? ATH_DTYPE_F32 : text.compare(0, 3, "i32") == 0 ? ATH_DTYPE_I32 : 0;
    if (!out->dtype) return refuse(wrong);
    std::string_view inside = std::string_view(text).substr(4, text.size() - 5);
    for (;;) {
      if (out->rank == ATH_RANK_MAX) return refuse("\"" + text + "\" has more than " + std::to_string(ATH_RANK_MAX) + " dimensions");
      const size_t end = std::min(inside.find(','), inside.size());
      std::string_view part = inside.substr(0, end);
      ath_dimension& dim = out->dims[out->rank++];
      if (!part.empty() && part[0] >= 'A' && part[0] <= 'Z') {
        dim.symbol = uint32_t(part[0]);
        part.remove_prefix(1);
        if (!part.empty() && part[0] == '+') {
          part.remove_prefix(1);
          if (part.empty() || part[0] == '-') return refuse(wrong);
        } else if (!part.empty() && part[0] != '-') {
          return refuse(wrong);
        }
        if (!part.empty() && !whole_number(part, 10, &dim.extent)) return refuse(wrong);
      } else if (!whole_number(part, 10, &dim.extent)) {
        return refuse(wrong);
      }
      if (end == inside.size()) return ATH_OK;
      inside.remove_prefix(end + 1);
    }
  }

  ath_status tensor(uint32_t role) {
    ath_tensor added = {};
    added.role = role;
    std::string name, type;
    if (const ath_status refused = word(&name)) return refused;
    if (const ath_status refused = word(&type)) return refused;
    if (name.empty() || type.empty()) return refuse("expected a name and a shape: input x f32[B,16]");
    if (name.size() >= ATH_NAME_BYTES) return refuse("the name \"" + name + "\" has more than " + std::to_string(ATH_NAME_BYTES - 1) + " letters");
    std::memcpy(added.name, name.c_str(), name.size());
    if (const ath_status refused = shape(type, &added)) return refused;
    std::string bytes;
    if (role == ATH_ROLE_CONSTANT)
      if (const ath_status refused = constant(&bytes)) return refused;
    if (ath_program_add_tensor(&program_, &added, bytes.empty() ? nullptr : bytes.data(), bytes.size(), nullptr)) return refuse_as_told();
    return end_of_line();
  }

  ath_status constant(std::string* out_bytes) {
    std::string equals, digits;
    if (const ath_status refused = word(&equals)) return refused;
    if (const ath_status refused = word(&digits)) return refused;
    if (equals == "=" && digits == "bytes") return refuse("the bytes of this constant are not in the text, only their digest; take the law file itself");
    if (equals != "=" || digits.empty() || digits.size() % 2) return refuse("expected = and an even number of hexadecimal digits");
    for (size_t i = 0; i < digits.size(); i += 2) {
      const int high = hex_digit(digits[i]), low = hex_digit(digits[i + 1]);
      if (high < 0 || low < 0) return refuse("\"" + digits.substr(i, 2) + "\" is no hexadecimal byte");
      *out_bytes += char(high * 16 + low);
    }
    return ATH_OK;
  }

  ath_status number(const std::string& text, uint32_t* out) const {
    if (text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
      if (whole_number(std::string_view(text).substr(2), 16, out)) return ATH_OK;
    } else if (whole_number(std::string_view(text), 10, out)) {
      return ATH_OK;
    } else if (text.find_first_of(".e") != std::string::npos) {
      float value = 0;
      if (decimal_parse(text, &value)) {
        std::memcpy(out, &value, sizeof value);
        return ATH_OK;
      }
    }
    return refuse("\"" + text + "\" is no number; expected 7, 0x7, or a float such as 0.5 or 1e-3");
  }

  ath_status instruction(const std::string& first) {
    ath_instruction code = {};
    std::string operand;
    if (first == "op") {
      if (const ath_status refused = word(&operand)) return refused;
      if (const ath_status refused = number(operand, &code.opcode)) return refused;
      for (uint32_t& value : code.operands) {
        if (const ath_status refused = word(&operand)) return refused;
        if (const ath_status refused = number(operand, &value)) return refused;
      }
    } else {
      const Opcode* opcode = opcode_find_text(first);
      if (!opcode) return refuse("\"" + first + "\" is no instruction (nor program, meta, input, output, constant, local)");
      code.opcode = opcode->code;
      for (int slot = 0; slot < 4; ++slot) {
        const char kind = opcode->slots[slot];
        if (kind == '-') continue;
        if (const ath_status refused = word(&operand)) return refused;
        if (operand.empty() && kind == '?') {
          code.operands[slot] = ATH_NONE;
          continue;
        }
        if (operand.empty()) return refuse(first + " needs an operand for slot " + std::to_string(slot));
        if (kind == 'n') {
          if (const ath_status refused = number(operand, &code.operands[slot])) return refused;
        } else if (kind == '?' && operand == "-") {
          code.operands[slot] = ATH_NONE;
        } else {
          const auto found = program_.handles.find(operand);
          if (found == program_.handles.end()) return refuse("no tensor \"" + operand + "\" above this line");
          code.operands[slot] = found->second;
        }
      }
    }
    if (ath_program_add_instruction(&program_, &code)) return refuse_as_told();
    return end_of_line();
  }

  ath_program& program_;
  std::string_view rest_;
  size_t line_ = 0;
};

}  // namespace
}  // namespace atheria

ath_status ath_program_parse(const char* text, size_t text_bytes, ath_program** out_program) {
  if ((!text && text_bytes) || !out_program) return ath_status_set(ATH_INVALID_ARGUMENT, "parse: text or out_program is null");
  return atheria::guarded("parse", [&]() -> ath_status {
    ath_program* program = nullptr;
    if (const ath_status failed = ath_program_create(&program)) return failed;
    const ath_status parsed = atheria::guarded("parse", [&] { return atheria::Parser(*program).run({text, text_bytes}); });
    if (parsed) {
      ath_program_release(program);
      return parsed;
    }
    *out_program = program;
    return ATH_OK;
  });
}

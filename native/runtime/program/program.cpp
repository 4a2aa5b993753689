// Making and reading programs; what is wrong with one tensor alone is refused here, the rest by verify.
#include "program.hpp"

#include <cstring>

#include "base/guard.hpp"

namespace atheria {

const char* program_name(const ath_program& program) {
  const auto found = program.metadata.find("name");
  return found == program.metadata.end() ? "" : found->second.c_str();
}

const char* dtype_text(uint32_t dtype) { return dtype == ATH_DTYPE_F32 ? "f32" : dtype == ATH_DTYPE_I32 ? "i32" : "?"; }

std::string shape_text(const ath_tensor& tensor) {
  std::string text = std::string(dtype_text(tensor.dtype)) + "[";
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    const ath_dimension& dim = tensor.dims[i];
    if (i) text += ',';
    if (dim.symbol) text += char(dim.symbol);
    if (!dim.symbol || dim.extent) {
      if (dim.symbol && dim.extent > 0) text += '+';
      text += std::to_string(dim.extent);
    }
  }
  return text + "]";
}

bool constant_bytes(const ath_tensor& tensor, size_t* out_bytes) {
  size_t bytes = kElementBytes;
  for (uint32_t i = 0; i < tensor.rank; ++i)
    if (__builtin_mul_overflow(bytes, size_t(tensor.dims[i].extent), &bytes) || bytes > PTRDIFF_MAX) return false;
  *out_bytes = bytes;
  return true;
}

bool utf8_text(const char* text) {
  const auto* p = reinterpret_cast<const uint8_t*>(text);
  while (*p) {
    const int more = *p < 0x80 ? 0 : *p >= 0xC2 && *p < 0xE0 ? 1 : *p >= 0xE0 && *p < 0xF0 ? 2 : *p >= 0xF0 && *p < 0xF5 ? 3 : -1;
    if (more < 0) return false;
    const uint8_t lead = *p++;
    for (int i = 0; i < more; ++i, ++p) {
      // The bounds of the first follower keep out overlong forms, surrogates and what lies above U+10FFFF.
      const uint8_t low = i ? 0x80 : lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
      const uint8_t high = i ? 0xBF : lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
      if (*p < low || *p > high) return false;
    }
  }
  return true;
}

namespace {

bool legal_name(const char* name) {
  const size_t length = strnlen(name, ATH_NAME_BYTES);
  if (!length || length == ATH_NAME_BYTES) return false;
  for (size_t i = 0; i < length; ++i) {
    const char c = name[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.')) return false;
  }
  return true;
}

ath_status check(const ath_program& program, const ath_tensor& tensor, const void* bytes, size_t byte_count) {
  const size_t handle = program.tensors.size();
  if (!legal_name(tensor.name))
    return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu: its name must have 1 to %d of the letters, digits, '_' and '.', and end with a zero", handle,
                          ATH_NAME_BYTES - 1);
  if (program.handles.count(tensor.name)) return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": the name is taken", handle, tensor.name);
  if (tensor.dtype != ATH_DTYPE_F32 && tensor.dtype != ATH_DTYPE_I32)
    return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": dtype %u; expected f32 (1) or i32 (2)", handle, tensor.name, tensor.dtype);
  if (tensor.role < ATH_ROLE_INPUT || tensor.role > ATH_ROLE_LOCAL)
    return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": role %u; expected input (1), output (2), constant (3) or local (4)", handle, tensor.name,
                          tensor.role);
  if (tensor.rank < 1 || tensor.rank > ATH_RANK_MAX)
    return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": rank %u; expected 1 to %d", handle, tensor.name, tensor.rank, ATH_RANK_MAX);
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    const ath_dimension& dim = tensor.dims[i];
    if (dim.symbol && (dim.symbol < 'A' || dim.symbol > 'Z'))
      return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": dimension %u has symbol %u; expected 0 or 'A' to 'Z'", handle, tensor.name, i, dim.symbol);
    if (!dim.symbol && dim.extent < 1)
      return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": dimension %u is %d; expected at least 1", handle, tensor.name, i, dim.extent);
    if (dim.symbol && tensor.role == ATH_ROLE_CONSTANT)
      return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": a constant of shape %s; constants have no symbols", handle, tensor.name,
                            shape_text(tensor).c_str());
  }
  if (tensor.role != ATH_ROLE_CONSTANT) {
    if (bytes || byte_count)
      return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": %zu bytes given, but only constants have bytes", handle, tensor.name, byte_count);
    return ATH_OK;
  }
  size_t needed = 0;
  if (!constant_bytes(tensor, &needed))
    return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": %s does not fit in memory", handle, tensor.name, shape_text(tensor).c_str());
  if (!bytes || byte_count != needed)
    return ath_status_set(ATH_INVALID_ARGUMENT, "tensor %zu \"%s\": constant %s needs %zu bytes, %zu given", handle, tensor.name, shape_text(tensor).c_str(),
                          needed, bytes ? byte_count : 0);
  return ATH_OK;
}

}  // namespace
}  // namespace atheria

ath_status ath_program_create(ath_program** out_program) {
  if (!out_program) return ath_status_set(ATH_INVALID_ARGUMENT, "program: out_program is null");
  return atheria::guarded("program", [&] { return *out_program = new ath_program(), ath_status{ATH_OK}; });
}

void ath_program_retain(ath_program* program) { program->references.fetch_add(1, std::memory_order_relaxed); }

void ath_program_release(ath_program* program) {
  if (program && program->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete program;
}

ath_status ath_program_add_tensor(ath_program* program, const ath_tensor* tensor, const void* bytes, size_t byte_count, uint32_t* out_handle) {
  if (!program || !tensor) return ath_status_set(ATH_INVALID_ARGUMENT, "program: program or tensor is null");
  return atheria::guarded("program", [&]() -> ath_status {
    if (program->tensors.size() >= ATH_NONE - 1) return ath_status_set(ATH_OUT_OF_RANGE, "program: no handles left");
    if (const ath_status refused = atheria::check(*program, *tensor, bytes, byte_count)) return refused;
    atheria::ProgramTensor added{*tensor, atheria::AlignedBytes(byte_count)};
    // What is unused is zero, so that equal programs have equal bytes.
    const size_t name_length = std::strlen(tensor->name);
    std::memset(added.facts.name + name_length, 0, ATH_NAME_BYTES - name_length);
    for (uint32_t i = tensor->rank; i < ATH_RANK_MAX; ++i) added.facts.dims[i] = {0, 0};
    if (byte_count) std::memcpy(added.bytes.data(), bytes, byte_count);
    const uint32_t handle = uint32_t(program->tensors.size());
    program->tensors.reserve(program->tensors.size() + 1);
    program->handles.emplace(tensor->name, handle);
    program->tensors.push_back(std::move(added));
    program->verified = false;
    if (out_handle) *out_handle = handle;
    return ATH_OK;
  });
}

ath_status ath_program_add_instruction(ath_program* program, const ath_instruction* instruction) {
  if (!program || !instruction) return ath_status_set(ATH_INVALID_ARGUMENT, "program: program or instruction is null");
  return atheria::guarded("program", [&]() -> ath_status {
    program->code.push_back(*instruction);
    program->verified = false;
    return ATH_OK;
  });
}

ath_status ath_program_set_metadata(ath_program* program, const char* key, const char* value) {
  if (!program || !key || !value || !*key) return ath_status_set(ATH_INVALID_ARGUMENT, "program: program, key or value is null, or the key is empty");
  if (!atheria::utf8_text(key) || !atheria::utf8_text(value)) return ath_status_set(ATH_INVALID_ARGUMENT, "program: metadata must be UTF-8");
  return atheria::guarded("program", [&]() -> ath_status { return program->metadata[key] = value, ATH_OK; });
}

size_t ath_program_tensor_count(const ath_program* program) { return program->tensors.size(); }

ath_status ath_program_tensor(const ath_program* program, uint32_t handle, ath_tensor* out_tensor, const void** out_bytes, size_t* out_byte_count) {
  if (handle >= program->tensors.size())
    return ath_status_set(ATH_OUT_OF_RANGE, "program \"%s\": tensor %u of %zu", atheria::program_name(*program), handle, program->tensors.size());
  const atheria::ProgramTensor& tensor = program->tensors[handle];
  if (out_tensor) *out_tensor = tensor.facts;
  if (out_bytes) *out_bytes = tensor.bytes.data();
  if (out_byte_count) *out_byte_count = tensor.bytes.size();
  return ATH_OK;
}

size_t ath_program_instruction_count(const ath_program* program) { return program->code.size(); }

ath_status ath_program_instruction(const ath_program* program, size_t index, ath_instruction* out_instruction) {
  if (index >= program->code.size())
    return ath_status_set(ATH_OUT_OF_RANGE, "program \"%s\": instruction %zu of %zu", atheria::program_name(*program), index, program->code.size());
  *out_instruction = program->code[index];
  return ATH_OK;
}

const char* ath_program_metadata(const ath_program* program, const char* key) {
  // A lookup by const char* would build a std::string, which may throw across the border.
  for (const auto& [known, value] : program->metadata)
    if (known == key) return value.c_str();
  return nullptr;
}

void ath_bytes_free(void* bytes) { ath_allocator_system()->release(nullptr, bytes, 0); }

// Program to law file. The same program gives the same bytes: sections, order and gaps leave no choice.
#include <cstring>
#include <string>

#include "base/file.hpp"
#include "base/guard.hpp"
#include "base/sha256.hpp"
#include "container.hpp"
#include "program.hpp"

namespace atheria {
namespace {

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += char(value >> 8 * i & 0xFF);
}

void put_at(std::string& out, size_t at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out[at + size_t(i)] = char(value >> 8 * i & 0xFF);
}

std::string container_of(const ath_program& program) {
  using namespace container;
  std::string sections[kSections];
  for (const auto& [key, value] : program.metadata) {
    sections[0] += key;
    sections[0] += '\0';
    sections[0] += value;
    sections[0] += '\0';
  }
  for (const ProgramTensor& tensor : program.tensors) {
    const ath_tensor& facts = tensor.facts;
    sections[1].append(facts.name, ATH_NAME_BYTES);
    for (const uint32_t number : {facts.dtype, facts.role, facts.rank, uint32_t{0}}) put(sections[1], number, 4);
    for (const ath_dimension& dim : facts.dims) {
      put(sections[1], dim.symbol, 4);
      put(sections[1], uint32_t(dim.extent), 4);
    }
    const bool constant = facts.role == ATH_ROLE_CONSTANT;
    if (constant) sections[3].resize(aligned(sections[3].size()));
    put(sections[1], constant ? sections[3].size() : 0, 8);
    put(sections[1], tensor.bytes.size(), 8);
    if (constant) sections[3].append(static_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
  }
  for (const ath_instruction& code : program.code) {
    put(sections[2], code.opcode, 4);
    for (const uint32_t operand : code.operands) put(sections[2], operand, 4);
  }
  std::string file(kHeadBytes, '\0');
  std::memcpy(file.data(), kMagic, sizeof kMagic);
  put_at(file, kFormatAt, kFormat, 4);
  put_at(file, kSectionCountAt, kSections, 4);
  for (size_t i = 0; i < kSections; ++i) {
    file.resize(aligned(file.size()));
    const size_t entry = kSectionsAt + i * kSectionBytes;
    std::memcpy(file.data() + entry, kTags[i], 4);
    put_at(file, entry + 8, file.size(), 8);
    put_at(file, entry + 16, sections[i].size(), 8);
    file += sections[i];
  }
  put_at(file, kFileBytesAt, file.size(), 8);
  uint8_t digest[32];
  sha256(file.data() + kDigestedFrom, file.size() - kDigestedFrom, digest);
  std::memcpy(file.data() + kDigestAt, digest, sizeof digest);
  return file;
}

}  // namespace
}  // namespace atheria

ath_status ath_program_save(const ath_program* program, void** out_bytes, size_t* out_byte_count) {
  if (!program || !out_bytes || !out_byte_count) return ath_status_set(ATH_INVALID_ARGUMENT, "save: program, out_bytes or out_byte_count is null");
  return atheria::guarded("save", [&]() -> ath_status {
    const std::string file = atheria::container_of(*program);
    *out_bytes = ath_allocator_system()->allocate(nullptr, file.size());
    if (!*out_bytes) return ath_status_set(ATH_OUT_OF_MEMORY, "save: the system refused %zu bytes", file.size());
    std::memcpy(*out_bytes, file.data(), file.size());
    *out_byte_count = file.size();
    return ATH_OK;
  });
}

ath_status ath_program_save_file(const ath_program* program, const char* path) {
  if (!program || !path) return ath_status_set(ATH_INVALID_ARGUMENT, "save: program or path is null");
  return atheria::guarded("save", [&]() -> ath_status {
    const std::string file = atheria::container_of(*program);
    return atheria::file_write(path, file.data(), file.size());
  });
}

ath_status ath_program_digest(const ath_program* program, uint8_t out_sha256[32]) {
  if (!program || !out_sha256) return ath_status_set(ATH_INVALID_ARGUMENT, "digest: program or out_sha256 is null");
  return atheria::guarded("digest", [&]() -> ath_status {
    const std::string file = atheria::container_of(*program);
    std::memcpy(out_sha256, file.data() + atheria::container::kDigestAt, 32);
    return ATH_OK;
  });
}

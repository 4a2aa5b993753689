// Law file to program. The bytes may come from anywhere: every number is checked before it is used, and only the one form that save writes is taken.
#include <cstring>
#include <string>

#include "base/file.hpp"
#include "base/guard.hpp"
#include "base/sha256.hpp"
#include "container.hpp"
#include "program.hpp"

namespace atheria {
namespace {

using namespace container;

uint64_t number_at(const uint8_t* bytes, size_t at, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value |= uint64_t{bytes[at + size_t(i)]} << 8 * i;
  return value;
}

uint32_t word_at(const uint8_t* bytes, size_t at) { return uint32_t(number_at(bytes, at, 4)); }

struct Section {
  const uint8_t* bytes;
  size_t count;
};

class Loader {
 public:
  Loader(const uint8_t* bytes, size_t count, ath_program& program) : file_(bytes), file_bytes_(count), program_(program) {}

  ath_status run() {
    for (auto step : {&Loader::head, &Loader::sections, &Loader::metadata, &Loader::tensors, &Loader::instructions, &Loader::soundness})
      if (const ath_status refused = (this->*step)()) return refused;
    return ATH_OK;
  }

  // What can be said of a file by its head alone.
  static ath_status check_head(const uint8_t* head, size_t head_bytes, uint64_t file_bytes) {
    if (head_bytes < sizeof kMagic || std::memcmp(head, kMagic, sizeof kMagic))
      return ath_status_set(ATH_DATA_LOSS, "law file: no magic at its start; this is no law file, or it was sent as text");
    if (head_bytes < kHeadBytes) return damaged(std::to_string(head_bytes) + " bytes, fewer than its head of " + std::to_string(kHeadBytes));
    const uint32_t format = word_at(head, kFormatAt);
    if (format != kFormat)
      return ath_status_set(ATH_VERSION_MISMATCH, "law file: format %u, this runtime (%s) reads format %u; convert the law again with this version", format,
                            ath_version(), kFormat);
    const uint64_t bytes = number_at(head, kFileBytesAt, 8);
    if (bytes != file_bytes) return damaged(std::to_string(file_bytes) + " bytes, but its head says " + std::to_string(bytes));
    return ATH_OK;
  }

 private:
  static ath_status damaged(const std::string& what) { return ath_status_set(ATH_DATA_LOSS, "law file: %s; the file is damaged, get it again", what.c_str()); }

  // Bytes that are whole, but whose program is none: what the caller passed is the file, so that is what is wrong.
  static ath_status unsound(ath_status status) {
    if (status == ATH_OK || status == ATH_OUT_OF_MEMORY || status == ATH_INTERNAL) return status;
    return ath_status_set(ATH_DATA_LOSS, "law file: the program in it is unsound: %s", ath_status_message());
  }

  ath_status soundness() { return unsound(ath_program_verify(&program_)); }

  ath_status head() {
    ATH_RETURN_IF_ERROR(check_head(file_, file_bytes_, file_bytes_));
    uint8_t digest[32];
    sha256(file_ + kDigestedFrom, file_bytes_ - kDigestedFrom, digest);
    if (std::memcmp(digest, file_ + kDigestAt, sizeof digest)) return damaged("the checksum does not match");
    if (word_at(file_, 12) || word_at(file_, 60)) return damaged("a reserved number is not zero");
    if (word_at(file_, kSectionCountAt) != kSections) return damaged(std::to_string(word_at(file_, kSectionCountAt)) + " sections instead of 4");
    return ATH_OK;
  }

  ath_status sections() {
    uint64_t end = kHeadBytes;
    for (size_t i = 0; i < kSections; ++i) {
      const size_t entry = kSectionsAt + i * kSectionBytes;
      const std::string name = std::string("section ") + kTags[i];
      if (std::memcmp(file_ + entry, kTags[i], 4) || word_at(file_, entry + 4)) return damaged(name + " is not where it belongs");
      const uint64_t offset = number_at(file_, entry + 8, 8), bytes = number_at(file_, entry + 16, 8);
      if (offset != aligned(end)) return damaged(name + " begins at " + std::to_string(offset) + " instead of " + std::to_string(aligned(end)));
      if (offset > file_bytes_ || bytes > file_bytes_ - offset) return damaged(name + " reaches beyond the end");
      for (; end < offset; ++end)
        if (file_[end]) return damaged("the gap before " + name + " is not zero");
      sections_[i] = {file_ + offset, size_t(bytes)};
      end = offset + bytes;
    }
    if (end != file_bytes_) return damaged("bytes after the last section");
    return ATH_OK;
  }

  ath_status metadata() {
    const char* at = reinterpret_cast<const char*>(sections_[0].bytes);
    const char* const end = at + sections_[0].count;
    if (at != end && end[-1]) return damaged("the last metadata text has no end");
    std::string previous;
    while (at != end) {
      const char* key = at;
      at += std::strlen(at) + 1;
      if (at == end) return damaged("metadata key \"" + std::string(key) + "\" has no value");
      const char* value = at;
      at += std::strlen(at) + 1;
      if (!utf8_text(key) || !utf8_text(value)) return damaged("metadata is not UTF-8");
      if (key <= previous) return damaged("metadata keys are empty, double or unsorted");
      previous = key;
      ATH_RETURN_IF_ERROR(unsound(ath_program_set_metadata(&program_, key, value)));
    }
    return ATH_OK;
  }

  ath_status tensors() {
    const Section& table = sections_[1];
    const Section& data = sections_[3];
    if (table.count % kTensorBytes) return damaged("the tensor table is no whole number of records");
    uint64_t data_end = 0;
    for (size_t at = 0; at < table.count; at += kTensorBytes) {
      const uint8_t* record = table.bytes + at;
      const std::string name = "tensor " + std::to_string(at / kTensorBytes);
      ath_tensor tensor = {};
      std::memcpy(tensor.name, record, ATH_NAME_BYTES);
      tensor.dtype = word_at(record, 32);
      tensor.role = word_at(record, 36);
      tensor.rank = word_at(record, 40);
      if (word_at(record, 44)) return damaged(name + " has a reserved number that is not zero");
      for (uint32_t i = 0; i < ATH_RANK_MAX; ++i) {
        tensor.dims[i] = {word_at(record, 48 + 8 * i), int32_t(word_at(record, 52 + 8 * i))};
        if (i >= tensor.rank && (tensor.dims[i].symbol || tensor.dims[i].extent)) return damaged(name + " has dimensions beyond its rank");
      }
      const size_t length = strnlen(tensor.name, ATH_NAME_BYTES);
      for (size_t i = length; i < ATH_NAME_BYTES; ++i)
        if (tensor.name[i]) return damaged(name + " has bytes after the end of its name");
      const uint64_t offset = number_at(record, 96, 8), bytes = number_at(record, 104, 8);
      const uint8_t* constant = nullptr;
      if (tensor.role == ATH_ROLE_CONSTANT) {
        if (offset != aligned(data_end) || offset > data.count || bytes > data.count - offset) return damaged(name + ": its bytes are not where they belong");
        for (; data_end < offset; ++data_end)
          if (data.bytes[data_end]) return damaged("the gap before the bytes of " + name + " is not zero");
        data_end = offset + bytes;
        constant = data.bytes + offset;
      } else if (offset || bytes) {
        return damaged(name + " is no constant, but has bytes");
      }
      ATH_RETURN_IF_ERROR(unsound(ath_program_add_tensor(&program_, &tensor, constant, size_t(bytes), nullptr)));
    }
    return data_end == data.count ? ATH_OK : damaged("bytes after the last constant");
  }

  ath_status instructions() {
    const Section& code = sections_[2];
    if (code.count % kInstructionBytes) return damaged("the code is no whole number of instructions");
    for (size_t at = 0; at < code.count; at += kInstructionBytes) {
      ath_instruction instruction;
      instruction.opcode = word_at(code.bytes, at);
      for (size_t i = 0; i < 4; ++i) instruction.operands[i] = word_at(code.bytes, at + 4 + 4 * i);
      ATH_RETURN_IF_ERROR(unsound(ath_program_add_instruction(&program_, &instruction)));
    }
    return ATH_OK;
  }

  const uint8_t* file_;
  size_t file_bytes_;
  ath_program& program_;
  Section sections_[kSections] = {};
};

}  // namespace
}  // namespace atheria

ath_status ath_program_load(const void* bytes, size_t byte_count, ath_program** out_program) {
  if ((!bytes && byte_count) || !out_program) return ath_status_set(ATH_INVALID_ARGUMENT, "load: bytes or out_program is null");
  ath_program* program = nullptr;
  if (const ath_status failed = ath_program_create(&program)) return failed;
  const ath_status loaded =
      atheria::guarded("load", [&] { return atheria::Loader(static_cast<const uint8_t*>(bytes), byte_count, *program).run(); });
  if (loaded) {
    ath_program_release(program);
    return loaded;
  }
  *out_program = program;
  return ATH_OK;
}

ath_status ath_program_load_file(const char* path, ath_program** out_program) {
  if (!path || !out_program) return ath_status_set(ATH_INVALID_ARGUMENT, "load: path or out_program is null");
  return atheria::guarded("load", [&]() -> ath_status {
    const auto named = [&](ath_status status) { return status ? ath_status_set(status, "%s: %s", path, ath_status_message()) : status; };
    std::vector<char> bytes;
    ATH_RETURN_IF_ERROR(atheria::file_read(
        path, atheria::container::kHeadBytes,
        [&](const char* head, size_t count, uint64_t length) {
          return named(atheria::Loader::check_head(reinterpret_cast<const uint8_t*>(head), count, length));
        },
        &bytes));
    return named(ath_program_load(bytes.data(), bytes.size(), out_program));
  });
}

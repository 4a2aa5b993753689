// nvcc's fat binaries (a header, then entries with a header each) and clang's offload bundles (a table of offsets and names).
#include "image.hpp"

#include <cstring>

namespace emulated {
namespace {

template <typename T>
T read(const unsigned char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

std::vector<ImageEntry> read_fat_binary(const void* image) {
  // Not documented by NVIDIA, but the same since CUDA 4: u32 magic, u16 version, u16 header bytes, u64 bytes of entries; an entry: u16 kind (1 PTX,
  // 2 machine code), u16, u32 header bytes, u64 payload bytes, ..., at 28 u32 architecture.
  const auto* at = static_cast<const unsigned char*>(image);
  std::vector<ImageEntry> entries;
  if (read<uint32_t>(at) != 0xBA55ED50u) return entries;
  const auto header = read<uint16_t>(at + 6);
  const auto* const end = at + header + read<uint64_t>(at + 8);
  for (at += header; at < end; at += read<uint32_t>(at + 4) + read<uint64_t>(at + 8)) {
    const auto kind = read<uint16_t>(at);
    if (kind == 1 || kind == 2) entries.push_back({"sm_" + std::to_string(read<uint32_t>(at + 28)), kind == 1});
  }
  return entries;
}

std::vector<ImageEntry> read_bundle(const void* image) {
  // "__CLANG_OFFLOAD_BUNDLE__", u64 number of entries; an entry: u64 offset, u64 bytes, u64 bytes of its name, the name.
  const auto* at = static_cast<const unsigned char*>(image);
  std::vector<ImageEntry> entries;
  if (std::memcmp(at, "__CLANG_OFFLOAD_BUNDLE__", 24)) return entries;
  at += 24;
  auto left = read<uint64_t>(at);
  for (at += 8; left--;) {
    const auto bytes = read<uint64_t>(at + 8), length = read<uint64_t>(at + 16);
    const std::string name(reinterpret_cast<const char*>(at + 24), length);
    at += 24 + length;
    const size_t dash = name.rfind("--");
    if (!name.compare(0, 3, "hip") && dash != std::string::npos && bytes) entries.push_back({name.substr(dash + 2), false});
  }
  return entries;
}

}  // namespace emulated

// Where things lie in a law file; see program.h for the whole picture.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atheria::container {

inline constexpr uint8_t kMagic[8] = {0x89, 'A', 'T', 'L', 'A', 'W', '\r', '\n'};
inline constexpr uint32_t kFormat = 1;
inline constexpr size_t kFormatAt = 8, kDigestAt = 16, kDigestedFrom = 48, kFileBytesAt = 48, kSectionCountAt = 56, kSectionsAt = 64;
inline constexpr size_t kSections = 4, kSectionBytes = 24, kHeadBytes = kSectionsAt + kSections * kSectionBytes;
inline constexpr size_t kTensorBytes = 112, kInstructionBytes = 20, kAlignment = 64;
inline constexpr char kTags[kSections][5] = {"META", "TENS", "CODE", "DATA"};

constexpr uint64_t aligned(uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace atheria::container

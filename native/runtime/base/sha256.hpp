// SHA-256 (FIPS 180-4), for checksums of law files.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atheria {

void sha256(const void* bytes, size_t byte_count, uint8_t out_digest[32]);

// 64 small hexadecimal digits and a zero.
void sha256_text(const uint8_t digest[32], char out_text[65]);

}  // namespace atheria

// Law files: round trips, the same bytes for the same program, and thousands of damaged ones refused without a crash.
#include <cstdlib>
#include <random>
#include <vector>

#include "base/sha256.hpp"
#include "temporary_folder.hpp"
#include "text_program.hpp"

namespace {

const char* const kLaw =
    "program \"small\"\nmeta \"gamma\" \"0.5\"\ninput x f32[B,H,W,2]\nconstant w f32[3,3,2,2] = "
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n"
    "constant b f32[2] = 0000803f00000040\nlocal s f32[B,H-2,W-2,2]\noutput y f32[B,H-2,W-2,2]\nattr 0 0 0 0\nconv2d s x w b\nelu y s\nhalt\n";

std::vector<uint8_t> saved(const ath_program* program) {
  void* bytes = nullptr;
  size_t count = 0;
  if (!EXPECT_OK(ath_program_save(program, &bytes, &count))) return {};
  const std::vector<uint8_t> copy(static_cast<uint8_t*>(bytes), static_cast<uint8_t*>(bytes) + count);
  ath_bytes_free(bytes);
  return copy;
}

ath_status load(const std::vector<uint8_t>& bytes, ath_program** out_program) {
  // A copy of exact size on the heap, so that a sanitizer sees a read past the end.
  auto* exact = static_cast<uint8_t*>(std::malloc(bytes.size() ? bytes.size() : 1));
  if (!bytes.empty()) std::memcpy(exact, bytes.data(), bytes.size());
  const ath_status status = ath_program_load(exact, bytes.size(), out_program);
  std::free(exact);
  return status;
}

// With a checksum that is right, so that the damage reaches what lies behind it.
void sign(std::vector<uint8_t>& bytes) {
  if (bytes.size() < 64) return;
  for (int i = 0; i < 8; ++i) bytes[48 + size_t(i)] = uint8_t(uint64_t{bytes.size()} >> 8 * i);
  atheria::sha256(bytes.data() + 48, bytes.size() - 48, bytes.data() + 16);
}

void refused(std::vector<uint8_t> bytes, ath_status status, const char* part) {
  ath_program* program = nullptr;
  if (EXPECT_STATUS(load(bytes, &program), status)) EXPECT_CONTAINS(ath_status_message(), part);
}

}  // namespace

TEST(round_trip) {
  const TextProgram law(kLaw);
  const std::vector<uint8_t> bytes = saved(law.get());
  EXPECT_EQ(bytes.size() % 4, 0u);
  ath_program* loaded = nullptr;
  if (!EXPECT_OK(load(bytes, &loaded))) return;
  EXPECT(saved(loaded) == bytes);
  EXPECT_EQ(ath_program_metadata(loaded, "gamma"), "0.5");
  EXPECT_EQ(ath_program_tensor_count(loaded), 5u);
  uint8_t digest[32];
  EXPECT_OK(ath_program_digest(loaded, digest));
  EXPECT(std::memcmp(digest, bytes.data() + 16, 32) == 0);
  const void* constant = nullptr;
  size_t count = 0;
  ath_tensor tensor;
  EXPECT_OK(ath_program_tensor(loaded, 2, &tensor, &constant, &count));
  EXPECT_EQ(count, 8u);
  EXPECT_EQ(static_cast<const float*>(constant)[1], 2.0f);
  ath_program_release(loaded);
}

TEST(metadata_in_any_order_gives_the_same_bytes) {
  const TextProgram a("meta \"a\" \"1\"\nmeta \"b\" \"2\"\nhalt\n"), b("meta \"b\" \"x\"\nmeta \"b\" \"2\"\nmeta \"a\" \"1\"\nhalt\n");
  EXPECT(saved(a.get()) == saved(b.get()));
}

TEST(files) {
  const expect::TemporaryFolder folder;
  const std::string path = folder.path + "/a.atl";
  const TextProgram law(kLaw);
  EXPECT_OK(ath_program_save_file(law.get(), path.c_str()));
  ath_program* loaded = nullptr;
  EXPECT_OK(ath_program_load_file(path.c_str(), &loaded));
  ath_program_release(loaded);
  EXPECT(expect::resize_file(path, 300));
  EXPECT_STATUS(ath_program_load_file(path.c_str(), &loaded), ATH_DATA_LOSS);
  EXPECT_CONTAINS(ath_status_message(), path + ": law file: 300 bytes, but its head says ");
  std::filesystem::remove(expect::path_of(path));
  EXPECT_STATUS(ath_program_load_file(path.c_str(), &loaded), ATH_NOT_FOUND);
}

TEST(kinds_of_damage_are_told_apart) {
  const TextProgram law(kLaw);
  const std::vector<uint8_t> good = saved(law.get());
  refused({}, ATH_DATA_LOSS, "no magic");
  std::vector<uint8_t> bytes = good;
  bytes.at(6) = '\n';  // what a transfer as text does to the carriage return
  refused(bytes, ATH_DATA_LOSS, "this is no law file, or it was sent as text");
  refused({good.begin(), good.begin() + 20}, ATH_DATA_LOSS, "fewer than its head");
  refused({good.begin(), good.end() - 1}, ATH_DATA_LOSS, "but its head says");
  bytes = good;
  bytes.back() ^= 1;
  refused(bytes, ATH_DATA_LOSS, "the checksum does not match");
  bytes = good;
  bytes.at(8) = 2;
  refused(bytes, ATH_VERSION_MISMATCH, "format 2");
  bytes = good;
  bytes.push_back(0);
  sign(bytes);
  refused(bytes, ATH_DATA_LOSS, "bytes after the last section");
  bytes = good;
  bytes.at(64) = 'X';
  sign(bytes);
  refused(bytes, ATH_DATA_LOSS, "section META is not where it belongs");
  bytes = good;
  bytes.resize(bytes.size() + 64);
  const size_t size_at = 64 + 3 * 24 + 16, size = bytes.at(size_at) + 256u * bytes.at(size_at + 1) + 64u;
  bytes.at(size_at) = uint8_t(size);  // DATA says that they are its own
  bytes.at(size_at + 1) = uint8_t(size >> 8);
  sign(bytes);
  refused(bytes, ATH_DATA_LOSS, "bytes after the last constant");
  bytes = good;
  bytes.back() = 0x55;  // the last constant's last byte: another number, still a law
  sign(bytes);
  ath_program* program = nullptr;
  EXPECT_OK(load(bytes, &program));
  ath_program_release(program);
}

TEST(an_unsound_program_is_refused_at_load) {
  const TextProgram law("input x f32[4]\noutput y f32[4]\nhalt\n");
  refused(saved(law.get()), ATH_DATA_LOSS, "law file: the program in it is unsound: ");
  refused(saved(law.get()), ATH_DATA_LOSS, "output 1 \"y\" is never written");
  // A tensor that cannot be: its role is 9. Records of 112 bytes begin where section TENS says, the role at 36.
  std::vector<uint8_t> bytes = saved(TextProgram(kLaw).get());
  size_t table = 0;
  for (int i = 7; i >= 0; --i) table = table << 8 | bytes.at(64 + 24 + 8 + size_t(i));
  bytes.at(table + 36) = 9;
  sign(bytes);
  refused(bytes, ATH_DATA_LOSS, "law file: the program in it is unsound: ");
}

TEST(a_length_that_is_not_the_files_is_refused_before_memory_is_asked_for) {
  const expect::TemporaryFolder folder;
  const std::string path = folder.path + "/sparse";
  const TextProgram law(kLaw);
  EXPECT_OK(ath_program_save_file(law.get(), path.c_str()));
  if (!expect::resize_file(path, uint64_t{8} << 40)) SKIP("no sparse file of 8 TiB can be made in the temporary folder");
  ath_program* loaded = nullptr;
  EXPECT_STATUS(ath_program_load_file(path.c_str(), &loaded), ATH_DATA_LOSS);
  EXPECT_CONTAINS(ath_status_message(), path + ": law file: 8796093022208 bytes, but its head says ");
}

TEST(random_damage_never_crashes_and_what_loads_is_canonical) {
  const TextProgram law(kLaw);
  const std::vector<uint8_t> good = saved(law.get());
  std::mt19937 random(77);
  int loaded_count = 0;
  for (int i = 0; i < 12000; ++i) {
    std::vector<uint8_t> bytes = good;
    const int changes = 1 + int(random() % 4);
    for (int change = 0; change < changes; ++change) {
      const size_t at = random() % bytes.size();
      switch (random() % 6) {
        case 0: bytes[at] = uint8_t(random()); break;
        case 1: bytes[at] ^= uint8_t(1u << random() % 8); break;
        case 2: bytes.resize(at + 1); break;
        case 3: bytes.insert(bytes.begin() + std::ptrdiff_t(at), size_t(1 + random() % 70), uint8_t(random() % 3 ? 0 : 0xFF)); break;
        case 4: {  // a whole number: sizes, offsets, handles, dimensions
          const uint32_t numbers[] = {0, 1, 0x7FFFFFFF, 0x80000000u, 0xFFFFFFFFu, uint32_t(random())};
          const uint32_t number = numbers[random() % 6];
          const size_t place = at / 4 * 4;
          for (size_t b = 0; b < 4 && place + b < bytes.size(); ++b) bytes[place + b] = uint8_t(number >> 8 * b);
          break;
        }
        default: {  // one part over another
          const size_t from = random() % bytes.size(), count = random() % 40;
          for (size_t b = 0; b < count && at + b < bytes.size() && from + b < bytes.size(); ++b) bytes[at + b] = bytes[from + b];
        }
      }
    }
    if (i % 8) sign(bytes);
    ath_program* program = nullptr;
    const ath_status status = load(bytes, &program);
    if (status) {
      EXPECT(*ath_status_message() != 0);
      continue;
    }
    ++loaded_count;
    // There is one form of a program, so what was taken is what would be written.
    EXPECT(saved(program) == bytes);
    char* text = nullptr;
    EXPECT_OK(ath_program_format(program, &text, nullptr));
    ath_bytes_free(text);
    // And it can be planned or is refused; small symbols keep hostile shapes small.
    const ath_symbol_value values[] = {{'B', 1}, {'H', 4}, {'W', 5}};
    ath_executable* executable = nullptr;
    if (ath_executable_create(program, nullptr, 0, values, 3, &executable) == ATH_OK) ath_executable_release(executable);
    ath_program_release(program);
  }
  EXPECT(loaded_count > 100);  // some damage only makes another law
}

EXPECT_MAIN

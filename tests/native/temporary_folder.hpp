// A folder of a test's own, removed with all that is in it. Names are UTF-8 on every system.
#pragma once

#include <filesystem>
#include <random>
#include <string>
#include <system_error>

namespace expect {

inline std::filesystem::path path_of(const std::string& utf8) { return std::filesystem::path(std::u8string(utf8.begin(), utf8.end())); }

struct TemporaryFolder {
  std::string path;

  TemporaryFolder() {
    std::random_device random;
    do {
      const std::u8string name = (std::filesystem::temp_directory_path() / ("atheria-test-" + std::to_string(random()))).generic_u8string();
      path.assign(name.begin(), name.end());
    } while (!std::filesystem::create_directory(path_of(path)));
  }
  ~TemporaryFolder() {
    std::error_code ignored;  // what stays behind is the system's to clean
    std::filesystem::remove_all(path_of(path), ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  int entries() const {
    int count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(path_of(path))) ++count;
    return count;
  }
};

// Gives a file this length without writing it; false if the file system cannot.
inline bool resize_file(const std::string& path, uint64_t bytes) {
  std::error_code error;
  std::filesystem::resize_file(path_of(path), bytes, error);
  return !error && std::filesystem::file_size(path_of(path)) == bytes;  // there are libraries that take the number modulo 2^32
}

}  // namespace expect

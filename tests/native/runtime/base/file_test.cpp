// Files: read whole, written whole or not at all.
#include "base/file.hpp"

#include <algorithm>
#include <string>
#include <thread>

#if defined(_WIN32)
#include <windows.h>
#else
#include <sys/stat.h>
#include <unistd.h>
#endif

#include "expect.hpp"
#include "temporary_folder.hpp"

using Folder = expect::TemporaryFolder;

namespace {

// As the names of temporaries have it: <path>.<process>-<number>.tmp.
std::string process_number() {
#if defined(_WIN32)
  return std::to_string(GetCurrentProcessId());
#else
  return std::to_string(getpid());
#endif
}

}  // namespace

TEST(what_is_written_is_read) {
  const Folder folder;
  const std::string path = folder.path + "/a.atl", text = "first", longer(100000, 'x');
  EXPECT_OK(atheria::file_write(path.c_str(), text.data(), text.size()));
  EXPECT_OK(atheria::file_write(path.c_str(), longer.data(), longer.size()));
  std::vector<char> bytes;
  EXPECT_OK(atheria::file_read(path.c_str(), &bytes));
  EXPECT(std::string(bytes.begin(), bytes.end()) == longer);
  EXPECT_EQ(folder.entries(), 1);  // no temporary is left
}

TEST(names_are_utf8) {
  const Folder folder;
  const std::string name = "k\xC3\xA4se-\xE9\x9B\xAA-\xF0\x9F\xA7\x80.atl", path = folder.path + "/" + name;
  EXPECT_OK(atheria::file_write(path.c_str(), "x", 1));
  EXPECT(std::filesystem::exists(expect::path_of(path)));
  std::vector<char> bytes;
  EXPECT_OK(atheria::file_read(path.c_str(), &bytes));
  EXPECT_EQ(bytes.size(), 1u);
  const std::vector<std::string> names = atheria::folder_entries(folder.path);
  if (EXPECT_EQ(names.size(), 1u)) EXPECT_EQ(names[0], name);
  EXPECT_EQ(atheria::folder_entries(path + "/none").size(), 0u);
}

TEST(a_path_may_be_longer_than_windows_once_had_it) {
  const Folder folder;
  std::string path = folder.path;
  for (int depth = 0; depth < 4; ++depth) {
    path += "/" + std::string(100, char('a' + depth));
#if defined(_WIN32)
    const std::string full = "\\\\?\\" + path;  // the library under test is not asked to make folders
    std::wstring wide(full.begin(), full.end());
    std::replace(wide.begin(), wide.end(), L'/', L'\\');
    EXPECT(CreateDirectoryW(wide.c_str(), nullptr));
#else
    std::filesystem::create_directory(path);
#endif
  }
  path += "/a.atl";
  EXPECT_OK(atheria::file_write(path.c_str(), "far", 3));
  std::vector<char> bytes;
  EXPECT_OK(atheria::file_read(path.c_str(), &bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "far");
}

TEST(a_reader_never_sees_a_part) {
  const Folder folder;
  const std::string path = folder.path + "/a";
  const std::string first(200000, '1'), second(200000, '2');
  EXPECT_OK(atheria::file_write(path.c_str(), first.data(), first.size()));
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      const std::string& text = i % 2 ? first : second;
      EXPECT_OK(atheria::file_write(path.c_str(), text.data(), text.size()));
    }
  });
  for (int i = 0; i < 40; ++i) {
    std::vector<char> bytes;
    if (!EXPECT_OK(atheria::file_read(path.c_str(), &bytes))) break;
    const std::string text(bytes.begin(), bytes.end());
    EXPECT(text == first || text == second);
  }
  writer.join();
  EXPECT_EQ(folder.entries(), 1);
}

#if !defined(_WIN32)  // there a file has the rights of its folder
TEST(modes_are_those_of_any_other_file) {
  const Folder folder;
  const std::string path = folder.path + "/a";
  const mode_t before = umask(022);
  EXPECT_OK(atheria::file_write(path.c_str(), "x", 1));
  umask(before);
  struct stat facts;
  stat(path.c_str(), &facts);
  EXPECT_EQ(facts.st_mode & 0777u, 0644u);
}
#endif

TEST(failures_name_the_path_and_leave_nothing) {
#if defined(_WIN32)
  const std::string kMissing = "File not found";
#else
  const std::string kMissing = "No such file";
#endif
  const Folder folder;
  std::vector<char> bytes;
  EXPECT_STATUS(atheria::file_read((folder.path + "/none").c_str(), &bytes), ATH_NOT_FOUND);
  EXPECT_CONTAINS(ath_status_message(), folder.path + "/none: cannot open: " + kMissing);
  EXPECT_STATUS(atheria::file_read(folder.path.c_str(), &bytes), ATH_IO_ERROR);
  EXPECT_STATUS(atheria::file_write((folder.path + "/none/x").c_str(), "x", 1), ATH_NOT_FOUND);
  std::filesystem::create_directory(expect::path_of(folder.path + "/taken"));
  EXPECT_STATUS(atheria::file_write((folder.path + "/taken").c_str(), "x", 1), ATH_IO_ERROR);
  EXPECT_EQ(folder.entries(), 1);
}

TEST(what_lies_in_the_temporarys_place_is_neither_followed_nor_in_the_way) {
  const Folder folder;
  const std::string path = folder.path + "/a", victim = folder.path + "/victim";
  EXPECT_OK(atheria::file_write(victim.c_str(), "precious", 8));
  for (int i = 0; i < 100; ++i) {
    const auto link = expect::path_of(path + "." + process_number() + "-" + std::to_string(i) + ".tmp");
    std::error_code error;
    std::filesystem::create_symlink(expect::path_of(victim), link, error);
    // Links are a privilege on Windows; a file in the way is the same to whoever must not touch it.
    if (error) std::filesystem::copy_file(expect::path_of(victim), link);
  }
  EXPECT_OK(atheria::file_write(path.c_str(), "mine", 4));
  std::vector<char> bytes;
  EXPECT_OK(atheria::file_read(victim.c_str(), &bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "precious");
  EXPECT_OK(atheria::file_read(path.c_str(), &bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "mine");
}

EXPECT_MAIN

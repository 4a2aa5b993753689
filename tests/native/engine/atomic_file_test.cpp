// Files that appear whole or not at all: no temporary of another is followed or shared, and a failure says what failed.
#include "atomic_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#if defined(_WIN32)
#include <windows.h>
#else
#include <unistd.h>
#endif
#if defined(__linux__)
#include <sys/syscall.h>
#endif

#include "../expect.hpp"
#include "../temporary_folder.hpp"

using namespace atheria::engine;

using Folder = expect::TemporaryFolder;

#if defined(__linux__)
// Takes the C library's place in this program, so that a disk that fails late can be had.
namespace {
bool close_fails = false;
}
extern "C" int close(int file) {
  const long result = ::syscall(SYS_close, file);
  if (!close_fails) return static_cast<int>(result);
  errno = EIO;
  return -1;
}
#endif

namespace {

std::string process_number() {
#if defined(_WIN32)
  return std::to_string(GetCurrentProcessId());
#else
  return std::to_string(::getpid());
#endif
}

void plant(const std::string& victim, const std::string& path) {
  std::error_code error;
  std::filesystem::create_symlink(expect::path_of(victim), expect::path_of(path), error);
  // Links are a privilege on Windows; a file in the way is the same to whoever must not touch it.
  if (error) std::filesystem::copy_file(expect::path_of(victim), expect::path_of(path));
}

std::string contents(const std::string& path) {
  std::string bytes;
  if (std::FILE* file = std::fopen(path.c_str(), "rb")) {
    char part[256];
    for (size_t count; (count = std::fread(part, 1, sizeof part, file)) != 0;) bytes.append(part, count);
    std::fclose(file);
  }
  return bytes;
}

ath_status write_file(const std::string& path, const std::string& bytes) {
  AtomicFile file(path);
  ath_status status = file.open();
  if (status == ATH_OK) status = file.write(bytes.data(), bytes.size());
  return status == ATH_OK ? file.commit() : status;
}

}  // namespace

TEST(what_lies_in_the_temporarys_place_is_neither_followed_nor_in_the_way) {
  const Folder folder;
  const std::string path = folder.path + "/a", victim = folder.path + "/victim";
  EXPECT_OK(write_file(victim, "precious"));
  const std::string begin = path + "." + process_number();
  plant(victim, begin + ".tmp");
  for (int i = 0; i < 40; ++i) plant(victim, begin + "-" + std::to_string(i) + ".tmp");
  EXPECT_OK(write_file(path, "mine"));
  EXPECT_EQ(contents(victim), "precious");
  EXPECT_EQ(contents(path), "mine");
}

TEST(two_writers_of_one_name_do_not_meet) {
  const Folder folder;
  const std::string path = folder.path + "/a";
  AtomicFile first(path), second(path);
  EXPECT_OK(first.open());
  EXPECT_OK(first.write("first", 5));
  EXPECT_OK(second.open());
  EXPECT_OK(second.write("2nd", 3));
  EXPECT_OK(first.commit());
  EXPECT_EQ(contents(path), "first");
  EXPECT_OK(second.commit());
  EXPECT_EQ(contents(path), "2nd");
}

#if defined(__linux__)
TEST(a_close_that_fails_is_called_so_and_leaves_nothing) {
  const Folder folder;
  const std::string path = folder.path + "/a";
  EXPECT_OK(write_file(path, "old"));
  AtomicFile file(path);
  EXPECT_OK(file.open());
  EXPECT_OK(file.write("new", 3));
  close_fails = true;
  const ath_status status = file.commit();
  close_fails = false;
  EXPECT_EQ(status, ATH_IO_ERROR);
  EXPECT_CONTAINS(ath_status_message(), "cannot close: Input/output error");
  EXPECT_EQ(contents(path), "old");
  EXPECT_EQ(folder.entries(), 1);
}
#endif

EXPECT_MAIN

// Files that appear whole or not at all: no temporary of another is followed or shared, and a failure says what failed.
#include "atomic_file.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../expect.hpp"

using namespace atheria::engine;

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

namespace {

struct Folder {
  std::string path;
  Folder() {
    const char* base = std::getenv("TMPDIR");
    path = std::string(base != nullptr ? base : "/tmp") + "/atheria-atomic-XXXXXX";
    EXPECT(::mkdtemp(path.data()) != nullptr);
  }
  ~Folder() { EXPECT_EQ(std::system(("rm -rf '" + path + "'").c_str()), 0); }
};

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
  const std::string begin = path + "." + std::to_string(::getpid());
  EXPECT_EQ(::symlink(victim.c_str(), (begin + ".tmp").c_str()), 0);
  for (int i = 0; i < 40; ++i) EXPECT_EQ(::symlink(victim.c_str(), (begin + "-" + std::to_string(i) + ".tmp").c_str()), 0);
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
  EXPECT_EQ(std::system(("test $(ls '" + folder.path + "' | wc -l) = 1").c_str()), 0);
}

EXPECT_MAIN

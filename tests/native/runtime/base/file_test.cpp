// Files: read whole, written whole or not at all.
#include "base/file.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "expect.hpp"

namespace {

struct Folder {
  std::string path;
  Folder() {
    char pattern[] = "/tmp/atheria_file_test.XXXXXX";
    path = mkdtemp(pattern);
  }
  ~Folder() { (void)std::system(("rm -rf " + path).c_str()); }
  int entries() const {
    int count = 0;
    DIR* opened = opendir(path.c_str());
    while (readdir(opened)) ++count;
    closedir(opened);
    return count - 2;
  }
};

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

TEST(failures_name_the_path_and_leave_nothing) {
  const Folder folder;
  std::vector<char> bytes;
  EXPECT_STATUS(atheria::file_read((folder.path + "/none").c_str(), &bytes), ATH_NOT_FOUND);
  EXPECT_CONTAINS(ath_status_message(), folder.path + "/none: cannot open: No such file");
  EXPECT_STATUS(atheria::file_read(folder.path.c_str(), &bytes), ATH_IO_ERROR);
  EXPECT_STATUS(atheria::file_write((folder.path + "/none/x").c_str(), "x", 1), ATH_NOT_FOUND);
  mkdir((folder.path + "/taken").c_str(), 0755);
  EXPECT_STATUS(atheria::file_write((folder.path + "/taken").c_str(), "x", 1), ATH_IO_ERROR);
  EXPECT_EQ(folder.entries(), 1);
}

TEST(what_lies_in_the_temporarys_place_is_neither_followed_nor_in_the_way) {
  const Folder folder;
  const std::string path = folder.path + "/a", victim = folder.path + "/victim";
  EXPECT_OK(atheria::file_write(victim.c_str(), "precious", 8));
  // Names of the temporaries to come: <path>.<pid>-<number>.tmp.
  for (int i = 0; i < 40; ++i) EXPECT_EQ(symlink(victim.c_str(), (path + "." + std::to_string(getpid()) + "-" + std::to_string(i) + ".tmp").c_str()), 0);
  EXPECT_OK(atheria::file_write(path.c_str(), "mine", 4));
  std::vector<char> bytes;
  EXPECT_OK(atheria::file_read(victim.c_str(), &bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "precious");
  EXPECT_OK(atheria::file_read(path.c_str(), &bytes));
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), "mine");
}

EXPECT_MAIN

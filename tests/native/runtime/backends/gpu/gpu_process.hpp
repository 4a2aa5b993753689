// A driver is opened once a process and reads its settings from the environment, so each kind of machine is a process of its own: this program again.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "expect.hpp"

namespace gpu_process {

struct Gpu {
  const char* backend;   // "cuda"
  const char* variable;  // names the driver
  const char* driver;    // file of the emulated one
  const char* arch;      // one that the plugin has code for
};

inline const std::vector<Gpu>& gpus() {
  static const std::vector<Gpu> list = {
#if defined(EMULATED_CUDA)
      {"cuda", "ATHERIA_CUDA_DRIVER", EMULATED_CUDA, EMULATED_CUDA_ARCH},
#endif
#if defined(EMULATED_ROCM)
      {"rocm", "ATHERIA_ROCM_DRIVER", EMULATED_ROCM, EMULATED_ROCM_ARCH},
#endif
  };
  return list;
}

// What `body` writes to a string in a child with this emulated GPU ("" settings: as it is); the child's failures are this program's.
template <typename Body>
std::string on(const Gpu& gpu, const std::string& emulated, Body body, const char* driver = nullptr) {
  int pipe_ends[2];
  if (pipe(pipe_ends)) return "no pipe";
  std::fflush(nullptr);
  const pid_t child = fork();
  if (!child) {
    close(pipe_ends[0]);
    expect::failures = 0;
    setenv(gpu.variable, driver ? driver : gpu.driver, 1);
    setenv("EMULATED_GPU", ("arch=" + std::string(gpu.arch) + (emulated.empty() ? "" : "," + emulated)).c_str(), 1);
    const std::string said = body();
    const auto written = write(pipe_ends[1], said.data(), said.size());
    std::fflush(nullptr);
    _exit(written != ssize_t(said.size()) || expect::failures ? 1 : 0);
  }
  close(pipe_ends[1]);
  std::string said;
  char part[4096];
  for (ssize_t count; (count = read(pipe_ends[0], part, sizeof part)) > 0;) said.append(part, size_t(count));
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status))
    expect::fail(__FILE__, __LINE__, std::string(gpu.backend) + " with " + emulated + ": the child " +
                                         (WIFSIGNALED(status) ? "died of signal " + std::to_string(WTERMSIG(status)) : "failed"));
  return said;
}

}  // namespace gpu_process

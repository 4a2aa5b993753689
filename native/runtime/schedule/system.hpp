// What the pool needs of the operating system.
#pragma once

#include <atomic>
#include <cstdint>

namespace atheria {

// CPUs that the system lets this process run on at once, before any wish of the user: at least 1.
uint32_t system_cpus();

// Sleeps while `word` is `value`; may wake for nothing.
void word_wait(const std::atomic<uint32_t>& word, uint32_t value);
void word_wake_all(std::atomic<uint32_t>& word);

// Counts forks on the child's side: what was made under an older number has threads that exist no more. Always 0 where there is no fork.
uint32_t fork_generation();
// To be called once before threads are started, so that forks are counted from then on.
void fork_watch();

// While one lives, threads that are started take no signals: signals are for the program's own threads.
class BlockedSignals {
 public:
  BlockedSignals();
  ~BlockedSignals();
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

 private:
  alignas(16) unsigned char before_[128];
};

}  // namespace atheria

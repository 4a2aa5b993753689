// CPUs by the process's affinity; waiting by WaitOnAddress. There is no fork and there are no signals.
#include "schedule/system.hpp"

#include "windows_text.hpp"

#include <bit>

namespace atheria {
namespace {

// Looked up by name: the compilers' import libraries for them have different names, and the functions are always there (Windows 8).
struct AddressWait {
  BOOL(WINAPI* wait)(volatile void*, void*, SIZE_T, DWORD);
  void(WINAPI* wake_all)(void*);
  AddressWait() {
    const HMODULE library = GetModuleHandleW(L"kernelbase.dll");
    wait = reinterpret_cast<decltype(wait)>(reinterpret_cast<void*>(GetProcAddress(library, "WaitOnAddress")));
    wake_all = reinterpret_cast<decltype(wake_all)>(reinterpret_cast<void*>(GetProcAddress(library, "WakeByAddressAll")));
  }
};

const AddressWait& address_wait() {
  static const AddressWait functions;
  return functions;
}

}  // namespace

uint32_t system_cpus() {
  // One group has at most 64 CPUs; the mask is empty for a process that runs in several.
  DWORD_PTR own = 0, all = 0;
  if (GetProcessAffinityMask(GetCurrentProcess(), &own, &all) && own && (own != all || GetActiveProcessorGroupCount() == 1))
    return uint32_t(std::popcount(uint64_t{own}));
  const DWORD cpus = GetActiveProcessorCount(ALL_PROCESSOR_GROUPS);
  return cpus ? uint32_t(cpus) : 1;
}

void word_wait(const std::atomic<uint32_t>& word, uint32_t value) {
  static_assert(sizeof word == sizeof value);
  address_wait().wait(const_cast<std::atomic<uint32_t>*>(&word), &value, sizeof value, INFINITE);
}

void word_wake_all(std::atomic<uint32_t>& word) { address_wait().wake_all(&word); }

uint32_t fork_generation() { return 0; }
void fork_watch() {}

BlockedSignals::BlockedSignals() { (void)before_; }
BlockedSignals::~BlockedSignals() = default;

}  // namespace atheria

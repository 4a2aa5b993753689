// Settings, memory and launches of the emulated device.
#include "device.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>

#include "kernels.hpp"

namespace emulated {
namespace {

// Two views of the same size: device addresses are in the first, which cannot be touched, and their bytes in the second.
constexpr size_t kSpace = size_t{1} << 36;
constexpr size_t kAlignment = 64;  // a driver's is more, but the contract promises no more
constexpr size_t kGap = 65536;                // pages of every system

size_t round_up(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

struct Memory {
  char* addresses;
  char* bytes;
  std::map<Address, size_t> blocks;  // each ends where a gap begins, but for what alignment leaves
  size_t used = 0;
  Memory() {
    const auto reserve = [](int protection) {
      void* space = mmap(nullptr, kSpace, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (space == MAP_FAILED) std::perror("emulated driver: mmap"), std::abort();
      return static_cast<char*>(space);
    };
    addresses = reserve(PROT_NONE);
    bytes = reserve(PROT_READ | PROT_WRITE);
  }
  char* bytes_of(Address address) const { return bytes + (address - Address(addresses)); }
  // Behind a block: what reads or writes there ends the program.
  void close_gap(const std::pair<const Address, size_t>& block, bool closed) const {
    const Address gap = block.first + round_up(block.second, kAlignment);
    if (mprotect(bytes_of(gap), kGap, closed ? PROT_NONE : PROT_READ | PROT_WRITE)) std::perror("emulated driver: mprotect"), std::abort();
  }
};

std::mutex mutex;  // one device, one queue: also held while a kernel runs
Memory& memory() {
  static Memory the_memory;
  return the_memory;
}
int sticky = 0;

}  // namespace

struct Module {
  bool loaded = true;
};

namespace {
std::set<Module*> modules;
}

const char* code_name(int code) {
  switch (code) {
    case kSuccess: return "SUCCESS";
    case kInvalidValue: return "INVALID_VALUE";
    case kOutOfMemory: return "OUT_OF_MEMORY";
    case kNotInitialized: return "NOT_INITIALIZED";
    case kNoDevice: return "NO_DEVICE";
    case kInvalidImage: return "INVALID_IMAGE";
    case kInvalidContext: return "INVALID_CONTEXT";
    case kNoBinaryForGpu: return "NO_BINARY_FOR_GPU";
    case kNotFound: return "NOT_FOUND";
    case kIllegalAddress: return "ILLEGAL_ADDRESS";
    case kLaunchFailed: return "LAUNCH_FAILED";
    default: return nullptr;
  }
}

Settings& settings() {
  static Settings the_settings;
  return the_settings;
}

namespace {

struct Failure {
  std::string call;
  int nth = 0, code = 0, seen = 0;
} failure;

}  // namespace

void configure(const char* arch, int version) {
  static std::once_flag once;
  std::call_once(once, [&] {
    Settings& device = settings();
    device.arch = arch;
    device.version = version;
    const char* text = std::getenv("EMULATED_GPU");
    const std::string list = text ? text : "";
    for (size_t at = 0; at < list.size();) {
      const size_t end = std::min(list.find(',', at), list.size());
      const std::string item = list.substr(at, end - at);
      at = end + 1;
      const size_t equals = item.find('=');
      const std::string key = item.substr(0, equals), value = equals == std::string::npos ? "" : item.substr(equals + 1);
      if (key == "arch") {
        device.arch = value;
      } else if (key == "version") {
        device.version = std::atoi(value.c_str());
      } else if (key == "devices") {
        device.devices = std::atoi(value.c_str());
      } else if (key == "memory") {
        device.memory = size_t(std::atoll(value.c_str()));
      } else if (key == "backwards") {
        device.backwards = value == "1";
      } else if (key == "fail") {
        const size_t first = value.find(':'), second = value.rfind(':');
        failure = {value.substr(0, first), std::atoi(value.c_str() + first + 1), std::atoi(value.c_str() + second + 1)};
      } else {
        std::fprintf(stderr, "emulated driver: EMULATED_GPU has %s, which is none of arch, version, devices, memory, backwards, fail\n", item.c_str());
        std::abort();
      }
    }
  });
}

int asked_to_fail(const char* call) {
  const std::lock_guard lock(mutex);
  return failure.call == call && ++failure.seen == failure.nth ? failure.code : kSuccess;
}

int allocate(Address* out_memory, size_t bytes) {
  const std::lock_guard lock(mutex);
  if (!bytes) return kInvalidValue;
  Memory& all = memory();
  if (bytes > settings().memory - all.used) return kOutOfMemory;
  const Address base = Address(all.addresses), free = all.blocks.empty() ? base : all.blocks.rbegin()->first + round_up(all.blocks.rbegin()->second, kAlignment) + kGap;
  const size_t room = round_up(bytes, kAlignment), pages = round_up(room, kGap);
  if (free - base > kSpace - pages - kGap) return kOutOfMemory;
  const Address begin = free + pages - room;
  static_assert(kGap % kAlignment == 0);
  all.close_gap(*all.blocks.emplace(begin, bytes).first, true);
  all.used += bytes;
  // NaNs, also in what alignment leaves behind the end: what is read before it is written shows, and so does what is written there.
  std::memset(all.bytes_of(begin), 0xFF, room);
  *out_memory = begin;
  return kSuccess;
}

int release(Address address) {
  const std::lock_guard lock(mutex);
  if (!address) return kSuccess;
  const auto found = memory().blocks.find(address);
  if (found == memory().blocks.end()) return kInvalidValue;
  const char* behind = memory().bytes_of(address) + found->second;
  for (size_t i = 0; i < round_up(found->second, kAlignment) - found->second; ++i)
    if (behind[i] != char(0xFF)) {
      std::fprintf(stderr, "emulated driver: something wrote %zu bytes behind the end of an allocation of %zu\n", i, found->second);
      std::abort();
    }
  memory().close_gap(*found, false);
  memory().used -= found->second;
  memory().blocks.erase(found);
  return kSuccess;
}

size_t memory_in_use() {
  const std::lock_guard lock(mutex);
  return memory().used;
}

namespace {

void* view_locked(Address address, size_t bytes) {
  const auto after = memory().blocks.upper_bound(address);
  if (after == memory().blocks.begin()) return nullptr;
  const auto block = std::prev(after);
  if (address - block->first >= block->second || bytes > block->second - (address - block->first)) return nullptr;
  return memory().bytes_of(address);
}

}  // namespace

void* view(Address address, size_t bytes) {
  const std::lock_guard lock(mutex);
  return view_locked(address, bytes);
}

int module_load(bool image_is_right, Module** out_module) {
  const std::lock_guard lock(mutex);
  if (!image_is_right) return kNoBinaryForGpu;
  *out_module = new Module;
  modules.insert(*out_module);
  return kSuccess;
}

int module_unload(Module* module) {
  const std::lock_guard lock(mutex);
  if (!modules.erase(module)) return kInvalidValue;
  delete module;
  return kSuccess;
}

size_t modules_in_use() {
  const std::lock_guard lock(mutex);
  return modules.size();
}

int module_function(void** out_function, Module* module, const char* name) {
  const std::lock_guard lock(mutex);
  if (!modules.count(module)) return kInvalidValue;
  for (const HostKernel& kernel : host_kernels())
    if (!std::strcmp(kernel.symbol, name)) {
      *out_function = const_cast<HostKernel*>(&kernel);
      return kSuccess;
    }
  return kNotFound;
}

int launch(void* function, const unsigned grid[3], const unsigned block[3], void** parameters) {
  const std::lock_guard lock(mutex);
  if (sticky) return sticky;
  const HostKernel* kernel = nullptr;
  for (const HostKernel& known : host_kernels())
    if (&known == function) kernel = &known;
  if (!kernel || !grid[0] || !grid[1] || !grid[2] || grid[0] > 0x7fffffff || grid[1] > 65535 || grid[2] > 65535) return kInvalidValue;
  if (block[0] != kernel->threads || block[1] != 1 || block[2] != 1) return kInvalidValue;
  float* operands[5];
  for (int i = 0; i < 5; ++i) {
    const Address address = *static_cast<const Address*>(parameters[i]);
    operands[i] = address ? static_cast<float*>(view_locked(address, sizeof(float))) : nullptr;
    if (address && !operands[i]) {
      std::fprintf(stderr, "emulated driver: %s: operand %d is 0x%llx, in no allocation\n", kernel->symbol, i, static_cast<unsigned long long>(address));
      return sticky = kIllegalAddress;
    }
  }
  for (unsigned z = 0; z < grid[2]; ++z)
    for (unsigned y = 0; y < grid[1]; ++y)
      for (unsigned x = 0; x < grid[0]; ++x) {
        const bool back = settings().backwards;
        atheria::gpu::HostBlock one = {back ? grid[0] - 1 - x : x, back ? grid[1] - 1 - y : y, back ? grid[2] - 1 - z : z, back};
        kernel->run(operands, parameters[5], one);
        if (one.wrong) {
          std::fprintf(stderr, "emulated driver: %s: %s\n", kernel->symbol, one.wrong);
          return sticky = kLaunchFailed;
        }
      }
  return kSuccess;
}

int pending() {
  const std::lock_guard lock(mutex);
  return sticky;
}

}  // namespace emulated

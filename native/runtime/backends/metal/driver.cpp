// The driver's calls by Metal's objects. A device address is the host's address of a shared buffer's contents; which buffer that is, is looked up.
#include "driver.hpp"

#include <cstdio>
#include <cstring>
#include <map>
#include <mutex>
#include <new>
#include <string>
#include <vector>

#include "gpu/driver.hpp"
#include "gpu/ops.hpp"
#include "image.hpp"

namespace atheria::gpu {
namespace metal {
namespace {

constexpr Unsigned kStorageModeShared = 0;     // MTLResourceStorageModeShared
constexpr Unsigned kLanguageVersion = 3 << 16;  // MTLLanguageVersion3_0
constexpr long kMathModeSafe = 0;               // MTLMathModeSafe
constexpr Unsigned kStatusError = 5;            // MTLCommandBufferStatusError
constexpr int kLaunchesPerSubmission = 64;      // the GPU begins while more are collected

struct Buffer {
  Object object;
  size_t bytes;
};

// One device, one queue; every call holds the mutex, so that launches come in the order of the calls.
struct State {
  std::mutex mutex;
  const Runtime* runtime = nullptr;
  Object device = nullptr, queue = nullptr;
  std::map<Address, Buffer> buffers;  // by the address of their contents
  Object collecting = nullptr;        // the open command buffer, and its encoder
  Object encoder = nullptr;
  int launches = 0;
  std::vector<Object> submitted;  // command buffers that nobody has waited for
};

State& state() {
  static State& the_state = *new State;  // never destroyed: plugins' threads may outlive statics
  return the_state;
}

std::string& text() {
  static thread_local std::string the_text;
  return the_text;
}

int fail(int code, const std::string& what) {
  text() = what;
  return code;
}

std::string described(const Runtime& objc, Object error) {
  if (!error) return "no reason given";
  const char* words = send<const char*>(objc, send(objc, error, "localizedDescription"), "UTF8String");
  return words ? words : "no reason given";
}

// For the calls of the table: nothing thrown may leave them.
template <typename Body>
int guarded(Body body) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  if (!all.device) return kNoDevice;
  try {
    const Pool pool(*all.runtime);
    return body(all, *all.runtime);
  } catch (const std::bad_alloc&) {
    return kOutOfMemory;
  }
}

void submit(State& all, const Runtime& objc) {
  if (!all.collecting) return;
  all.submitted.push_back(all.collecting);  // before anything is sent: it may throw, and then nothing has changed
  send<void>(objc, all.encoder, "endEncoding");
  send<void>(objc, all.encoder, "release");
  send<void>(objc, all.collecting, "commit");
  all.collecting = all.encoder = nullptr;
  all.launches = 0;
}

int wait(State& all, const Runtime& objc) {
  submit(all, objc);
  int code = kSuccess;
  for (const Object commands : all.submitted) {
    send<void>(objc, commands, "waitUntilCompleted");
    if (!code && send<Unsigned>(objc, commands, "status") == kStatusError) code = fail(kExecution, described(objc, send(objc, commands, "error")));
    send<void>(objc, commands, "release");
  }
  all.submitted.clear();
  return code;
}

// The buffer that holds `address`, and how far in it lies.
const Buffer* buffer_of(const State& all, Address address, Unsigned* out_offset) {
  const auto after = all.buffers.upper_bound(address);
  if (after == all.buffers.begin()) return nullptr;
  const auto& [begin, buffer] = *std::prev(after);
  if (address - begin >= buffer.bytes) return nullptr;
  *out_offset = Unsigned(address - begin);
  return &buffer;
}

int initialize(unsigned) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  if (all.device) return kSuccess;
  char reason[384];
  const Runtime* objc = runtime(reason, sizeof reason);
  if (!objc) return fail(kNotFound, reason);
  const Pool pool(*objc);
  Owned device(*objc, objc->create_device());
  if (!device.get()) return kNoDevice;
  const Object queue = send(*objc, device.get(), "newCommandQueue");
  if (!queue) return fail(kOutOfMemory, "the device makes no command queue");
  all.runtime = objc;
  all.queue = queue;
  all.device = device.release();
  return kSuccess;
}

int version(int* out_version) { return *out_version = 0, kSuccess; }  // Metal's is that of macOS
int device_count(int* out_count) { return *out_count = 1, kSuccess; }
int device_get(int* out_device, int) { return *out_device = 0, kSuccess; }

int device_name(char* out_name, int bytes, int) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    const char* name = send<const char*>(objc, send(objc, all.device, "name"), "UTF8String");
    std::snprintf(out_name, size_t(bytes), "%s", name ? name : "a GPU without a name");
    return kSuccess;
  });
}

int memory_info(size_t* out_free, size_t* out_total) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    // Memory is the machine's; this is what Metal says one program should take of it.
    *out_total = size_t(send<uint64_t>(objc, all.device, "recommendedMaxWorkingSetSize"));
    const size_t used = send<Unsigned>(objc, all.device, "currentAllocatedSize");
    *out_free = used < *out_total ? *out_total - used : 0;
    return kSuccess;
  });
}

int module_load(void** out_module, const void*) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    const std::string source(reinterpret_cast<const char*>(kImage), kImageBytes);
    const Object text_object = send(objc, objc.get_class("NSString"), "stringWithUTF8String:", source.c_str());
    const Owned options(objc, send(objc, objc.get_class("MTLCompileOptions"), "new"));
    if (!text_object || !options.get()) return fail(kOutOfMemory, "no memory for the kernels' text");
    send<void>(objc, options.get(), "setLanguageVersion:", kLanguageVersion);
    // A product and a sum round as written. macOS 15 has the new name, and older ones the old.
    if (send<signed char>(objc, options.get(), "respondsToSelector:", objc.register_name("setMathMode:")))
      send<void>(objc, options.get(), "setMathMode:", kMathModeSafe);
    else
      send<void>(objc, options.get(), "setFastMathEnabled:", static_cast<signed char>(0));
    Object error = nullptr;
    const Object library = send(objc, all.device, "newLibraryWithSource:options:error:", text_object, options.get(), &error);
    if (!library) return fail(kCompilation, "the kernels do not compile: " + described(objc, error));
    *out_module = library;
    return kSuccess;
  });
}

int module_unload(void* module) {
  return guarded([&](State&, const Runtime& objc) -> int {
    send<void>(objc, module, "release");
    return kSuccess;
  });
}

// A pipeline lives as long as the process: there are nine, and the table has no call to give one back.
int module_function(void** out_function, void* module, const char* name) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    static std::map<std::string, Object> pipelines;
    const auto known = pipelines.find(name);
    if (known != pipelines.end()) return *out_function = known->second, kSuccess;
    const Owned function(objc, send(objc, module, "newFunctionWithName:", send(objc, objc.get_class("NSString"), "stringWithUTF8String:", name)));
    if (!function.get()) return fail(kNotFound, "the compiled kernels have no such function");
    Object error = nullptr;
    Owned pipeline(objc, send(objc, all.device, "newComputePipelineStateWithFunction:error:", function.get(), &error));
    if (!pipeline.get()) return fail(kCompilation, "no pipeline: " + described(objc, error));
    const Unsigned most = send<Unsigned>(objc, pipeline.get(), "maxTotalThreadsPerThreadgroup");
    for (const KernelFacts& kernel : kKernels)
      if (!std::strcmp(kernel.symbol, name) && most < kernel.threads)
        return fail(kCompilation, "the device runs " + std::to_string(most) + " threads of it at once; it needs " + std::to_string(kernel.threads));
    const auto added = pipelines.emplace(name, pipeline.get()).first;
    *out_function = pipeline.release();
    added->second = *out_function;
    return kSuccess;
  });
}

int memory_allocate(Address* out_memory, size_t bytes) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    Owned buffer(objc, send(objc, all.device, "newBufferWithLength:options:", Unsigned(bytes), kStorageModeShared));
    void* contents = buffer.get() ? send<void*>(objc, buffer.get(), "contents") : nullptr;
    if (!contents) return fail(kOutOfMemory, "the device refuses a buffer of this length");
    const auto address = Address(reinterpret_cast<uintptr_t>(contents));
    all.buffers[address] = {buffer.get(), bytes};
    (void)buffer.release();
    *out_memory = address;
    return kSuccess;
  });
}

int memory_free(Address memory) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    if (!memory) return kSuccess;
    const auto found = all.buffers.find(memory);
    if (found == all.buffers.end()) return fail(kInvalidValue, "what is freed is no allocation");
    // Command buffers that still use it keep it.
    send<void>(objc, found->second.object, "release");
    all.buffers.erase(found);
    return kSuccess;
  });
}

int upload(Address to, const void* from, size_t bytes) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    const int code = wait(all, objc);
    if (!code) std::memcpy(reinterpret_cast<void*>(uintptr_t(to)), from, bytes);
    return code;
  });
}

int download(void* to, Address from, size_t bytes) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    const int code = wait(all, objc);
    if (!code) std::memcpy(to, reinterpret_cast<const void*>(uintptr_t(from)), bytes);
    return code;
  });
}

int synchronize() {
  return guarded([](State& all, const Runtime& objc) { return wait(all, objc); });
}

int launch(void* function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z, unsigned, void*,
           void** parameters, void**) {
  return guarded([&](State& all, const Runtime& objc) -> int {
    Object buffers[5];
    Unsigned offsets[5] = {};
    for (int i = 0; i < 5; ++i) {
      Address address;
      std::memcpy(&address, parameters[i], sizeof address);
      // An operand that is absent is never touched, but every place has to be bound.
      if (!address && i) {
        buffers[i] = buffers[0];
        offsets[i] = offsets[0];
        continue;
      }
      const Buffer* buffer = buffer_of(all, address, &offsets[i]);
      if (!buffer) return fail(kInvalidValue, "operand " + std::to_string(i) + " is in no buffer of the device");
      buffers[i] = buffer->object;
    }
    if (!all.collecting) {
      Owned commands(objc, send(objc, send(objc, all.queue, "commandBuffer"), "retain"));
      if (!commands.get()) return fail(kOutOfMemory, "the device makes no command buffer");
      // Its launches run one after the other, each seeing what those before it wrote.
      const Object encoder = send(objc, send(objc, commands.get(), "computeCommandEncoder"), "retain");
      if (!encoder) return fail(kOutOfMemory, "the device makes no encoder");
      all.collecting = commands.release();
      all.encoder = encoder;
    }
    send<void>(objc, all.encoder, "setComputePipelineState:", static_cast<Object>(function));
    for (int i = 0; i < 5; ++i) send<void>(objc, all.encoder, "setBuffer:offset:atIndex:", buffers[i], offsets[i], Unsigned(i));
    send<void>(objc, all.encoder, "setBytes:length:atIndex:", static_cast<const void*>(parameters[5]), Unsigned(sizeof(Launch::arguments)), Unsigned(5));
    send<void>(objc, all.encoder, "dispatchThreadgroups:threadsPerThreadgroup:", Size{grid_x, grid_y, grid_z}, Size{block_x, block_y, block_z});
    if (++all.launches == kLaunchesPerSubmission) submit(all, objc);
    return kSuccess;
  });
}

}  // namespace

Object default_device() { return state().device; }
const Runtime& opened_runtime() { return *state().runtime; }
const char* last_text() { return text().empty() ? "no reason given" : text().c_str(); }

}  // namespace metal

ath_status driver_open(const ath_host& host, const Calls** out_calls) {
  static const Calls calls = {
#define ATH_DRIVER_CALL(name, cuda, hip, arguments) metal::name,
#include "gpu/driver_calls.def"
#undef ATH_DRIVER_CALL
  };
  const int code = metal::initialize(0);
  if (code == metal::kNoDevice) return host.status_set(ATH_UNAVAILABLE, "no device: Metal gives no default device; %s", platform.no_device_advice);
  if (code) return host.status_set(ATH_UNAVAILABLE, "%s", metal::last_text());
  *out_calls = &calls;
  return ATH_OK;
}

ath_status driver_status(const ath_host& host, int code, const char* what) {
  if (!code) return ATH_OK;
  const ath_status status = code == metal::kOutOfMemory ? ATH_OUT_OF_MEMORY : code == metal::kExecution || code == metal::kInvalidValue ? ATH_INTERNAL : ATH_UNAVAILABLE;
  return host.status_set(status, "metal: %s: %s, %s", what, error_name(code), error_text(code));
}

}  // namespace atheria::gpu

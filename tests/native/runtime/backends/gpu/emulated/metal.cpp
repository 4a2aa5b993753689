// Metal behind an Objective-C runtime, as far as the metal plugin uses them, on the emulated device. On x86-64 only: one function takes every message,
// which works where numbers and pointers come in registers and MTLSize on the stack, whatever the message.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "device.hpp"

using namespace emulated;

namespace {

struct Size {
  unsigned long width, height, depth;
};

enum class Kind { kClass, kString, kError, kOptions, kDevice, kQueue, kLibrary, kFunction, kPipeline, kBuffer, kCommands, kEncoder };

struct Dispatch {
  void* function;
  Address operands[5];
  unsigned char arguments[128];
  unsigned grid[3], block[3];
};

struct Object {
  Kind kind;
  int references = 1;
  std::string text;         // of a string, an error, a class
  void* made = nullptr;     // a library's module, a pipeline's function
  Address address = 0;      // of a buffer
  size_t bytes = 0;
  Object* of = nullptr;     // an encoder's command buffer
  bool safe = false, version_set = false;  // options
  std::vector<Dispatch> dispatches;
  std::vector<Object*> kept;  // buffers a command buffer uses
  Dispatch next = {};         // what the encoder has been told so far
  int state = 0;              // of a command buffer: 0 open, 1 ended, 2 committed, 4 done, 5 failed
};

std::recursive_mutex mutex;
std::set<Object*> living;
std::vector<Object*> committed;  // in order
thread_local std::vector<std::vector<Object*>> pools;

[[noreturn]] void wrong(const char* what, const char* selector) {
  std::fprintf(stderr, "emulated Metal: %s (%s)\n", what, selector);
  std::abort();
}

Object* make(Kind kind, const std::string& text = "") {
  auto* object = new Object{kind};
  object->text = text;
  living.insert(object);
  return object;
}

Object* autoreleased(Object* object) {
  if (pools.empty()) wrong("an object is handed out without a pool: it would leak", object->text.c_str());
  pools.back().push_back(object);
  return object;
}

void release_one(Object* object) {
  if (!living.count(object)) wrong("something is released that is not alive", "release");
  if (--object->references) return;
  if (object->kind == Kind::kBuffer) release(object->address);
  if (object->kind == Kind::kLibrary) module_unload(static_cast<Module*>(object->made));
  if (object->kind == Kind::kCommands && object->state < 2 && !object->dispatches.empty()) wrong("a command buffer with launches was never committed", "release");
  for (Object* kept : object->kept) release_one(kept);
  living.erase(object);
  delete object;
}

// Results appear here and not before: whoever reads without waiting sees what was there.
void run_up_to(Object* last) {
  while (!committed.empty()) {
    Object* commands = committed.front();
    committed.erase(committed.begin());
    commands->state = 4;
    for (Dispatch& dispatch : commands->dispatches) {
      void* parameters[6];
      for (int i = 0; i < 5; ++i) parameters[i] = &dispatch.operands[i];
      parameters[5] = dispatch.arguments;
      if (launch(dispatch.function, dispatch.grid, dispatch.block, parameters)) commands->state = 5;
    }
    const bool done = commands == last;
    release_one(commands);
    if (done) return;
  }
}

int family() { return 1000 + std::atoi(settings().arch.c_str() + std::strcspn(settings().arch.c_str(), "0123456789")); }

uintptr_t answer(Object* self, const std::string& selector, uintptr_t a, uintptr_t b, uintptr_t c, const Size& first, const Size& second) {
  const auto is = [&](Kind kind, const char* name) { return self->kind == kind && selector == name; };
  const auto address = [](Object* object) { return reinterpret_cast<uintptr_t>(object); };
  const int refused = asked_to_fail(selector.substr(0, selector.find(':')).c_str());
  const auto error = [&](uintptr_t place) { *reinterpret_cast<Object**>(place) = autoreleased(make(Kind::kError, "as the emulated Metal says")); };

  if (selector == "retain") return ++self->references, address(self);
  if (selector == "release") return release_one(self), 0;
  if (is(Kind::kClass, "stringWithUTF8String:")) return address(autoreleased(make(Kind::kString, reinterpret_cast<const char*>(a))));
  if (is(Kind::kClass, "new") && self->text == "MTLCompileOptions") return address(make(Kind::kOptions));
  if (is(Kind::kString, "UTF8String")) return reinterpret_cast<uintptr_t>(self->text.c_str());
  if (is(Kind::kError, "localizedDescription")) return address(autoreleased(make(Kind::kString, self->text)));

  if (is(Kind::kOptions, "respondsToSelector:")) return settings().version >= 15 && !std::strcmp(reinterpret_cast<const char*>(a), "setMathMode:");
  if (is(Kind::kOptions, "setMathMode:")) return self->safe = a == 0 && settings().version >= 15, 0;
  if (is(Kind::kOptions, "setFastMathEnabled:")) return self->safe = (a & 0xFF) == 0, 0;
  if (is(Kind::kOptions, "setLanguageVersion:")) return self->version_set = a == (3 << 16), 0;

  if (is(Kind::kDevice, "newCommandQueue")) return refused ? 0 : address(make(Kind::kQueue));
  if (is(Kind::kDevice, "name")) return address(autoreleased(make(Kind::kString, "emulated GPU (kernels in the host dialect)")));
  if (is(Kind::kDevice, "supportsFamily:")) return a > 1000 && a <= uintptr_t(family());
  if (is(Kind::kDevice, "recommendedMaxWorkingSetSize")) return settings().memory;
  if (is(Kind::kDevice, "currentAllocatedSize")) return memory_in_use();
  if (is(Kind::kDevice, "newLibraryWithSource:options:error:")) {
    const auto* source = reinterpret_cast<Object*>(a);
    const auto* options = reinterpret_cast<Object*>(b);
    if (source->text.find("#include <metal_stdlib>") == std::string::npos || source->text.find("#include \"") != std::string::npos)
      wrong("the source is no whole text of Metal", selector.c_str());
    if (!options->safe || !options->version_set) wrong("the options leave fast mathematics on, or the language open", selector.c_str());
    if (refused) return error(c), 0;
    Module* module = nullptr;
    module_load(true, &module);
    Object* library = make(Kind::kLibrary);
    library->made = module;
    return address(library);
  }
  if (is(Kind::kLibrary, "newFunctionWithName:")) {
    void* function = nullptr;
    if (refused || module_function(&function, static_cast<Module*>(self->made), reinterpret_cast<Object*>(a)->text.c_str())) return 0;
    Object* made = make(Kind::kFunction);
    made->made = function;
    return address(made);
  }
  if (is(Kind::kDevice, "newComputePipelineStateWithFunction:error:")) {
    if (refused) return error(b), 0;
    Object* pipeline = make(Kind::kPipeline);
    pipeline->made = reinterpret_cast<Object*>(a)->made;
    return address(pipeline);
  }
  if (is(Kind::kPipeline, "maxTotalThreadsPerThreadgroup")) return refused ? 32 : 1024;

  if (is(Kind::kDevice, "newBufferWithLength:options:")) {
    Address memory = 0;
    if (refused || b || allocate(&memory, a)) return 0;
    Object* buffer = make(Kind::kBuffer);
    buffer->address = memory;
    buffer->bytes = a;
    return address(buffer);
  }
  if (is(Kind::kBuffer, "contents")) return reinterpret_cast<uintptr_t>(view(self->address, self->bytes));

  if (is(Kind::kQueue, "commandBuffer")) return refused ? 0 : address(autoreleased(make(Kind::kCommands)));
  if (is(Kind::kCommands, "computeCommandEncoder")) {
    if (refused) return 0;
    Object* encoder = make(Kind::kEncoder);
    encoder->of = self;
    return address(autoreleased(encoder));
  }
  if (is(Kind::kCommands, "commit")) {
    if (self->state != 1) wrong("committed while encoding, or twice", selector.c_str());
    self->state = 2;
    ++self->references;
    committed.push_back(self);
    return 0;
  }
  if (is(Kind::kCommands, "waitUntilCompleted")) {
    if (self->state < 2) wrong("waited for before it was committed", selector.c_str());
    if (self->state == 2) run_up_to(self);
    if (refused) self->state = 5;
    return 0;
  }
  if (is(Kind::kCommands, "status")) return uintptr_t(self->state);
  if (is(Kind::kCommands, "error")) return address(autoreleased(make(Kind::kError, "as the emulated Metal says")));
  if (is(Kind::kEncoder, "endEncoding")) return self->of->state = 1, 0;
  if (self->kind == Kind::kEncoder && self->of->state) wrong("encoded after the end", selector.c_str());
  if (is(Kind::kEncoder, "setComputePipelineState:")) return self->next.function = reinterpret_cast<Object*>(a)->made, 0;
  if (is(Kind::kEncoder, "setBuffer:offset:atIndex:")) {
    auto* buffer = reinterpret_cast<Object*>(a);
    if (!living.count(buffer) || c >= 5 || b >= buffer->bytes) wrong("a buffer that is none, or a place beyond it", selector.c_str());
    self->next.operands[c] = buffer->address + b;
    ++buffer->references;
    self->of->kept.push_back(buffer);
    return 0;
  }
  if (is(Kind::kEncoder, "setBytes:length:atIndex:")) {
    if (c != 5 || b > sizeof self->next.arguments) wrong("arguments in another place, or too long", selector.c_str());
    return std::memcpy(self->next.arguments, reinterpret_cast<const void*>(a), b), 0;
  }
  if (is(Kind::kEncoder, "dispatchThreadgroups:threadsPerThreadgroup:")) {
    const Size sizes[2] = {first, second};
    unsigned* const into[2] = {self->next.grid, self->next.block};
    for (int i = 0; i < 2; ++i) {
      into[i][0] = unsigned(sizes[i].width);
      into[i][1] = unsigned(sizes[i].height);
      into[i][2] = unsigned(sizes[i].depth);
    }
    self->of->dispatches.push_back(self->next);
    return 0;
  }
  wrong("a message that the receiver does not know", selector.c_str());
}

}  // namespace

#define EXPORT extern "C" __attribute__((visibility("default")))

EXPORT void* objc_getClass(const char* name) {
  static std::map<std::string, Object*> classes;
  const std::lock_guard lock(mutex);
  Object*& found = classes[name];
  if (!found) found = make(Kind::kClass, name);
  return found;
}

EXPORT const char* sel_registerName(const char* name) {
  static std::set<std::string> names;
  const std::lock_guard lock(mutex);
  return names.insert(name).first->c_str();
}

EXPORT void* objc_autoreleasePoolPush() { return pools.emplace_back(), nullptr; }
EXPORT void objc_autoreleasePoolPop(void*) {
  const std::lock_guard lock(mutex);
  for (Object* object : pools.back()) release_one(object);
  pools.pop_back();
}

EXPORT uintptr_t objc_msgSend(void* receiver, const char* selector, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t, Size first, Size second) {
  const std::lock_guard lock(mutex);
  auto* self = static_cast<Object*>(receiver);
  if (!self) return 0;  // as with nil
  if (!living.count(self)) wrong("a message to an object that is gone", selector);
  return answer(self, selector, a, b, c, first, second);
}

EXPORT void* MTLCreateSystemDefaultDevice() {
  configure("apple9", 15);
  const std::lock_guard lock(mutex);
  return settings().devices ? make(Kind::kDevice) : nullptr;
}

// What is used of the Objective-C runtime and of Metal, found at run time: no SDK, no framework is linked.
#pragma once

#include <cstddef>
#include <cstdint>

namespace atheria::gpu::metal {

using Object = void*;
using Selector = void*;

// NSUInteger and MTLSize, as they are on 64-bit systems.
using Unsigned = unsigned long;
struct Size {
  Unsigned width, height, depth;
};

struct Runtime {
  Object (*get_class)(const char* name);
  Selector (*register_name)(const char* name);
  void (*message)();  // objc_msgSend: cast to the type of the method that is called
  void* (*pool_push)();
  void (*pool_pop)(void* pool);
  Object (*create_device)();  // MTLCreateSystemDefaultDevice; the caller owns the result
};

// Null and a reason when there is no Objective-C or no Metal here.
const Runtime* runtime(char* out_reason, size_t reason_bytes);

// `[receiver selector: arguments...]`. The type of the result is given, those of the arguments are what they are: a wrong one is a wrong call.
template <typename Result = Object, typename... Arguments>
Result send(const Runtime& runtime, Object receiver, const char* selector, Arguments... arguments) {
  return reinterpret_cast<Result (*)(Object, Selector, Arguments...)>(runtime.message)(receiver, runtime.register_name(selector), arguments...);
}

// Releases at the end of its scope.
class Owned {
 public:
  Owned(const Runtime& runtime, Object object) : runtime_(runtime), object_(object) {}
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (object_) send<void>(runtime_, object_, "release");
  }
  Object get() const { return object_; }
  Object release() {
    const Object object = object_;
    object_ = nullptr;
    return object;
  }

 private:
  const Runtime& runtime_;
  Object object_;
};

// What methods hand out without ownership lives until the end of the innermost of these.
class Pool {
 public:
  explicit Pool(const Runtime& runtime) : runtime_(runtime), pool_(runtime.pool_push()) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() { runtime_.pool_pop(pool_); }

 private:
  const Runtime& runtime_;
  void* pool_;
};

}  // namespace atheria::gpu::metal

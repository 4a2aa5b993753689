// The C contract as owning C++17 types: header only, needs nothing but the C headers; a failing call throws atheria::Error.
#pragma once

#include <cstdint>
#include <exception>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "atheria/allocator.h"
#include "atheria/buffer.h"
#include "atheria/device.h"
#include "atheria/law.h"
#include "atheria/program.h"
#include "atheria/queue.h"

namespace atheria {

// A status with its message, copied where it happened.
class Error : public std::exception {
 public:
  explicit Error(ath_status status) : status_(status), text_(std::string(ath_status_name(status)) + ": " + ath_status_message()) {}
  const char* what() const noexcept override { return text_.c_str(); }
  ath_status status() const noexcept { return status_; }

 private:
  ath_status status_;
  std::string text_;
};

inline void check(ath_status status) {
  if (status != ATH_OK) throw Error(status);
}

namespace detail {

// One owner of one C object.
template <typename T, void (*Release)(T*)>
class Owner {
 public:
  Owner() = default;
  explicit Owner(T* taken) : object_(taken) {}
  Owner(Owner&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Owner& operator=(Owner&& other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;
  ~Owner() {
    if (object_) Release(object_);
  }
  T* get() const noexcept { return object_; }
  explicit operator bool() const noexcept { return object_ != nullptr; }
  // Gives the object away.
  T* release() noexcept { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

inline std::string taken_text(char* text) {
  std::string copy = text;
  ath_bytes_free(text);
  return copy;
}

}  // namespace detail

class Device : public detail::Owner<ath_device, ath_device_release> {
 public:
  using Owner::Owner;
  ath_device_info describe() const {
    ath_device_info info;
    check(ath_device_describe(get(), &info));
    return info;
  }
};

class Instance : public detail::Owner<ath_instance, ath_instance_destroy> {
 public:
  // Plugins from ATHERIA_BACKEND_PATH, or beside the library.
  Instance() : Owner(make(nullptr)) {}
  explicit Instance(const char* backend_path) : Owner(make(backend_path)) {}

  // Strings in it live as long as the instance.
  std::vector<ath_backend_info> backends() const {
    std::vector<ath_backend_info> list(ath_instance_backend_count(get()));
    for (size_t i = 0; i < list.size(); ++i) check(ath_instance_backend(get(), i, &list[i]));
    return list;
  }
  Device open(const char* name = "auto") const {
    ath_device* device = nullptr;
    check(ath_device_open(get(), name, &device));
    return Device(device);
  }

 private:
  static ath_instance* make(const char* backend_path) {
    ath_instance* instance = nullptr;
    check(ath_instance_create(backend_path, &instance));
    return instance;
  }
};

class Program : public detail::Owner<ath_program, ath_program_release> {
 public:
  using Owner::Owner;
  static Program parse(std::string_view text) {
    ath_program* program = nullptr;
    check(ath_program_parse(text.data(), text.size(), &program));
    return Program(program);
  }
  static Program load(const char* path) {
    ath_program* program = nullptr;
    check(ath_program_load_file(path, &program));
    return Program(program);
  }
  void save(const char* path) const { check(ath_program_save_file(get(), path)); }
  void verify() { check(ath_program_verify(get())); }
  std::string text() const {
    char* text = nullptr;
    check(ath_program_format(get(), &text, nullptr));
    return detail::taken_text(text);
  }
  // Null if the key is absent.
  const char* metadata(const char* key) const { return ath_program_metadata(get(), key); }
};

class Executable : public detail::Owner<ath_executable, ath_executable_release> {
 public:
  // Without devices: the built-in ones.
  explicit Executable(const Program& program, std::initializer_list<ath_symbol_value> values = {}, const std::vector<ath_device*>& devices = {})
      : Owner(make(program, values, devices)) {}

  // Host addresses in the order of the handles. Safe from many threads: scratch is this call's own.
  void run(const std::vector<const void*>& inputs, const std::vector<void*>& outputs) const {
    ath_run call = {};
    call.struct_bytes = sizeof call;
    call.input_count = static_cast<uint32_t>(inputs.size());
    call.inputs = inputs.data();
    call.output_count = static_cast<uint32_t>(outputs.size());
    call.outputs = outputs.data();
    check(ath_executable_run(get(), &call));
  }
  // One line an op.
  std::string explain() const {
    char* text = nullptr;
    check(ath_executable_explain(get(), &text));
    return detail::taken_text(text);
  }

 private:
  static ath_executable* make(const Program& program, std::initializer_list<ath_symbol_value> values, const std::vector<ath_device*>& devices) {
    ath_executable* executable = nullptr;
    check(ath_executable_create(program.get(), devices.data(), devices.size(), values.begin(), values.size(), &executable));
    return executable;
  }
};

class Buffer : public detail::Owner<ath_buffer, ath_buffer_release> {
 public:
  Buffer(const Device& device, size_t bytes) : Owner(make(device, bytes)) {}
  size_t bytes() const { return ath_buffer_bytes(get()); }
  void* map(ath_place place, uint32_t access) {
    void* pointer = nullptr;
    check(ath_buffer_map(get(), place, access, &pointer));
    return pointer;
  }

 private:
  static ath_buffer* make(const Device& device, size_t bytes) {
    ath_buffer* buffer = nullptr;
    check(ath_buffer_create(device.get(), bytes, &buffer));
    return buffer;
  }
};

class Arena : public detail::Owner<ath_arena, ath_arena_destroy> {
 public:
  explicit Arena(size_t chunk_bytes = 0, size_t capacity_bytes = 0) : Owner(make(chunk_bytes, capacity_bytes)) {}
  void* allocate(size_t bytes) {
    void* pointer = nullptr;
    check(ath_arena_allocate(get(), bytes, &pointer));
    return pointer;
  }
  void reset() { ath_arena_reset(get()); }
  ath_memory_statistics statistics() const { return ath_arena_statistics(get()); }

 private:
  static ath_arena* make(size_t chunk_bytes, size_t capacity_bytes) {
    ath_arena* arena = nullptr;
    check(ath_arena_create(chunk_bytes, capacity_bytes, &arena));
    return arena;
  }
};

class Pool : public detail::Owner<ath_pool, ath_pool_destroy> {
 public:
  explicit Pool(uint32_t threads = 0) : Owner(make(threads)) {}
  uint32_t threads() const { return ath_pool_threads(get()); }
  // `function(begin, end, worker)` must not throw.
  template <typename Function>
  void run(size_t count, size_t grain, Function&& function) {
    using Plain = std::remove_reference_t<Function>;
    const ath_range_function call = [](void* context, size_t begin, size_t end, uint32_t worker) noexcept -> ath_status {
      (*static_cast<Plain*>(context))(begin, end, worker);
      return ATH_OK;
    };
    check(ath_pool_run(get(), count, grain, call, const_cast<void*>(static_cast<const void*>(&function))));
  }

 private:
  static ath_pool* make(uint32_t threads) {
    ath_pool* pool = nullptr;
    check(ath_pool_create(threads, &pool));
    return pool;
  }
};

}  // namespace atheria

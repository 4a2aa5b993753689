// The device: everything goes through the driver's one default queue, in the order of the calls, whichever thread they come from.
#include "device.hpp"

#include <cstdio>
#include <memory>
#include <new>

namespace atheria::gpu {
namespace {

Device& of(void* device) { return *static_cast<Device*>(device); }

Address address(const void* memory) { return Address(reinterpret_cast<uintptr_t>(memory)); }

// A scope in which this thread uses the device.
class Entered {
 public:
  explicit Entered(const Device& device) : found_(device.found), code_(context_enter(device.found, device.context, &before_)) {}
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  ~Entered() {
    if (!code_) context_leave(found_, before_);
  }
  int code() const { return code_; }

 private:
  const FoundDevice& found_;
  int before_ = 0;
  int code_;
};

ath_status failed(const Device& device, int code, const char* doing) {
  if (!code) return ATH_OK;
  char what[256];
  std::snprintf(what, sizeof what, "%s on %s", doing, device.found.name);
  return driver_status(*device.host, code, what);
}

// GPU_INIT, GPU_ALLOC and GPU_SYNC have nothing left to do; GPU_MATMUL is a matmul. To every backend but one they are unknown.
const char* prepare(ath_op op, Launch* out_launch) {
  if (platform.cuda_opcodes) {
    *out_launch = {};
    if (op.opcode == ATH_OP_GPU_INIT || op.opcode == ATH_OP_GPU_ALLOC || op.opcode == ATH_OP_GPU_SYNC) return nullptr;
    if (op.opcode == ATH_OP_GPU_MATMUL) op.opcode = ATH_OP_MATMUL;
  }
  if (const char* why = launch_of(op, out_launch)) return why;
  const uint64_t threads = uint64_t{out_launch->grid[0]} * kKernels[uint32_t(out_launch->kernel)].threads;
  return threads > platform.threads_max ? "is limited to 4294967295 threads of a launch" : nullptr;
}

ath_status run(const Device& device, const Launch& launch, void* const* operands) {
  if (!launch.grid[0]) return ATH_OK;
  Address addresses[5];
  void* parameters[6];
  for (int i = 0; i < 5; ++i) {
    addresses[i] = address(operands[i]);
    parameters[i] = &addresses[i];
  }
  parameters[5] = const_cast<unsigned char*>(launch.arguments);
  const uint32_t kernel = uint32_t(launch.kernel);
  const Entered entered(device);
  int code = entered.code();
  if (!code)
    code = device.calls->launch(device.functions[kernel], launch.grid[0], launch.grid[1], launch.grid[2], kKernels[kernel].threads, 1, 1, 0, nullptr, parameters,
                                nullptr);
  return failed(device, code, kKernels[kernel].symbol);
}

}  // namespace

ath_status probe(const ath_host* host, ath_probe* out_probe) {
  const Calls* calls = nullptr;
  FoundDevice found = {};
  ath_status status = driver_open(*host, &calls);
  if (!status) status = find_device(*host, *calls, &found);
  if (status) {
    out_probe->score = 0;
    std::snprintf(out_probe->reason, sizeof out_probe->reason, "%s", host->status_message());
    return ATH_OK;  // an answer, not a failure
  }
  out_probe->score = platform.score;
  std::snprintf(out_probe->description, sizeof out_probe->description, "%.80s, %.30s", found.name, found.level);
  return ATH_OK;
}

ath_status device_open(const ath_host* host, void** out_device) {
  struct Close {
    void operator()(Device* device) const { device_close(device); }
  };
  std::unique_ptr<Device, Close> device(new (std::nothrow) Device{});
  if (!device) return host->status_set(ATH_OUT_OF_MEMORY, "%s: no memory left for a device", platform.backend);
  device->host = host;
  if (const ath_status status = driver_open(*host, &device->calls)) return status;
  if (const ath_status status = find_device(*host, *device->calls, &device->found)) return status;
  if (const ath_status status = failed(*device, context_open(device->found, &device->context), "opening a context")) return status;
  const Entered entered(*device);
  if (const ath_status status = failed(*device, entered.code(), "entering the context")) return status;
  if (const ath_status status = failed(*device, device->calls->module_load(&device->module, platform.image), "loading the kernels")) return status;
  for (uint32_t i = 0; i < kKernelCount; ++i) {
    const int code = device->calls->module_function(&device->functions[i], device->module, kKernels[i].symbol);
    if (const ath_status status = failed(*device, code, kKernels[i].symbol)) return status;
  }
  *out_device = device.release();
  return ATH_OK;
}

void device_close(void* self) {
  Device& device = of(self);
  if (device.module) {
    const Entered entered(device);
    if (!entered.code()) device.calls->module_unload(device.module);
  }
  if (device.context) context_close(device.found, device.context);
  delete &device;
}

ath_status device_describe(void* self, ath_device_info* out_info) {
  const Device& device = of(self);
  out_info->backend = platform.backend;
  out_info->name = device.found.name;
  out_info->level = device.found.level;
  size_t free_bytes = 0, total_bytes = 0;
  const Entered entered(device);
  int code = entered.code();
  if (!code) code = device.calls->memory_info(&free_bytes, &total_bytes);
  out_info->memory_bytes = total_bytes;
  out_info->memory_free_bytes = free_bytes;
  return failed(device, code, "asking for its memory");
}

ath_status op_supported(void* self, const ath_op* op) {
  Launch launch;
  const char* why = prepare(*op, &launch);
  return why ? of(self).host->status_set(ATH_UNSUPPORTED, "%s", why) : ath_status{ATH_OK};
}

ath_status op_prepare(void* self, const ath_op* op, void** out_prepared, size_t* out_scratch_bytes) {
  const ath_host& host = *of(self).host;
  auto* launch = new (std::nothrow) Launch;
  if (!launch) return host.status_set(ATH_OUT_OF_MEMORY, "%s: no memory left to prepare an op", platform.backend);
  if (const char* why = prepare(*op, launch)) {
    delete launch;
    return host.status_set(ATH_UNSUPPORTED, "%s", why);
  }
  *out_prepared = launch;
  *out_scratch_bytes = 0;
  return ATH_OK;
}

void op_release(void*, void* prepared) { delete static_cast<Launch*>(prepared); }

ath_status op_execute(void* self, const void* prepared, void* const* operands, void*) { return run(of(self), *static_cast<const Launch*>(prepared), operands); }

ath_status memory_allocate(void* self, size_t bytes, void** out_memory) {
  const Device& device = of(self);
  Address memory = 0;
  const Entered entered(device);
  int code = entered.code();
  if (!code) code = device.calls->memory_allocate(&memory, bytes);
  char what[64];
  std::snprintf(what, sizeof what, "allocating %zu bytes", bytes);
  if (const ath_status status = failed(device, code, what)) return status;
  *out_memory = reinterpret_cast<void*>(uintptr_t(memory));
  return ATH_OK;
}

void memory_free(void* self, void* memory, size_t) {
  const Device& device = of(self);
  // There is nobody to tell of a failure; what a broken context held is gone with it.
  const Entered entered(device);
  if (!entered.code()) device.calls->memory_free(address(memory));
}

ath_status memory_upload(void* self, void* memory, const void* host_bytes, size_t bytes) {
  const Device& device = of(self);
  const Entered entered(device);
  int code = entered.code();
  if (!code) code = device.calls->upload(address(memory), host_bytes, bytes);
  return failed(device, code, "copying to the device");
}

ath_status memory_download(void* self, void* host_bytes, const void* memory, size_t bytes) {
  const Device& device = of(self);
  const Entered entered(device);
  int code = entered.code();
  if (!code) code = device.calls->download(host_bytes, address(memory), bytes);
  return failed(device, code, "copying from the device");
}

ath_status synchronize(void* self) {
  const Device& device = of(self);
  const Entered entered(device);
  int code = entered.code();
  if (!code) code = device.calls->synchronize();
  return failed(device, code, "waiting");
}

ath_status mask_domains(void* self, const ath_mask* mask, void* tensor, const void* domains) {
  void* const operands[5] = {tensor, const_cast<void*>(domains), nullptr, nullptr, nullptr};
  return run(of(self), launch_mask(*mask), operands);
}

}  // namespace atheria::gpu

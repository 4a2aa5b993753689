// Buffers: which of the two places holds the truth is tracked, and only what is asked for is copied.
#include "atheria/buffer.h"

#include <atomic>
#include <cstring>
#include <new>

#include "device.hpp"
#include "plugin.hpp"

struct ath_buffer {
  std::atomic<uint32_t> references{1};
  ath_device* device = nullptr;
  size_t bytes = 0;
  void* host = nullptr;         // null until the host is asked for
  void* device_memory = nullptr;  // the same as `host` on devices that work in host memory
  uint32_t valid = 0;
  uint64_t moved = 0;
  bool wraps = false;           // `host` is the caller's
  void (*released)(void*) = nullptr;
  void* context = nullptr;
};

namespace {

constexpr uint32_t kBoth = ATH_PLACE_HOST | ATH_PLACE_DEVICE;

ath_status make(ath_device* device, size_t bytes, ath_buffer** out_buffer) {
  if (!device || !out_buffer) return ath_status_set(ATH_INVALID_ARGUMENT, "buffer: device or out_buffer is null");
  if (!bytes) return ath_status_set(ATH_INVALID_ARGUMENT, "buffer: 0 bytes; a buffer has at least one");
  auto* buffer = new (std::nothrow) ath_buffer();
  if (!buffer) return ath_status_set(ATH_OUT_OF_MEMORY, "buffer: the system has no memory left");
  buffer->bytes = bytes;
  buffer->device = device;
  ath_device_retain(device);
  *out_buffer = buffer;
  return ATH_OK;
}

ath_status ensure_host(ath_buffer* buffer) {
  if (buffer->host) return ATH_OK;
  buffer->host = ath_allocator_system()->allocate(nullptr, buffer->bytes);
  return buffer->host ? ATH_OK : ath_status_set(ATH_OUT_OF_MEMORY, "buffer: the system refused %zu bytes of host memory", buffer->bytes);
}

ath_status ensure_device(ath_buffer* buffer) {
  if (buffer->device_memory) return ATH_OK;
  return buffer->device->backend->memory_allocate(buffer->device->self, buffer->bytes, &buffer->device_memory);
}

}  // namespace

ath_status ath_buffer_create(ath_device* device, size_t bytes, ath_buffer** out_buffer) {
  ath_buffer* buffer = nullptr;
  if (const ath_status failed = make(device, bytes, &buffer)) return failed;
  if (const ath_status failed = ensure_host(buffer)) {
    ath_buffer_release(buffer);
    return failed;
  }
  std::memset(buffer->host, 0, bytes);
  buffer->valid = ATH_PLACE_HOST;
  if (!device->own_memory) {
    buffer->device_memory = buffer->host;
    buffer->valid = kBoth;
  }
  *out_buffer = buffer;
  return ATH_OK;
}

ath_status ath_buffer_wrap(ath_device* device, void* host, size_t bytes, void (*released)(void*), void* context, ath_buffer** out_buffer) {
  if (!host) return ath_status_set(ATH_INVALID_ARGUMENT, "buffer: the host memory to wrap is null");
  ath_buffer* buffer = nullptr;
  if (const ath_status failed = make(device, bytes, &buffer)) return failed;
  buffer->wraps = true;
  buffer->host = host;
  buffer->released = released;
  buffer->context = context;
  buffer->valid = ATH_PLACE_HOST;
  if (!device->own_memory) {
    buffer->device_memory = host;
    buffer->valid = kBoth;
  }
  *out_buffer = buffer;
  return ATH_OK;
}

void ath_buffer_retain(ath_buffer* buffer) { buffer->references.fetch_add(1, std::memory_order_relaxed); }

void ath_buffer_release(ath_buffer* buffer) {
  if (!buffer || buffer->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  if (buffer->device->own_memory && buffer->device_memory)
    buffer->device->backend->memory_free(buffer->device->self, buffer->device_memory, buffer->bytes);
  if (!buffer->wraps) ath_allocator_system()->release(nullptr, buffer->host, buffer->bytes);
  if (buffer->released) buffer->released(buffer->context);
  ath_device_release(buffer->device);
  delete buffer;
}

size_t ath_buffer_bytes(const ath_buffer* buffer) { return buffer->bytes; }

uint32_t ath_buffer_valid_places(const ath_buffer* buffer) { return buffer->valid; }

uint64_t ath_buffer_bytes_moved(const ath_buffer* buffer) { return buffer->moved; }

ath_status ath_buffer_map(ath_buffer* buffer, ath_place place, uint32_t access, void** out_pointer) {
  if (place != ATH_PLACE_HOST && place != ATH_PLACE_DEVICE)
    return ath_status_set(ATH_INVALID_ARGUMENT, "buffer: place %d; expected host (1) or device (2)", int(place));
  if (!access || access & ~uint32_t{ATH_ACCESS_READ | ATH_ACCESS_WRITE})
    return ath_status_set(ATH_INVALID_ARGUMENT, "buffer: access %u; expected read (1), write (2) or both (3)", access);
  if (!buffer->device->own_memory) {
    *out_pointer = buffer->host;
    return ATH_OK;
  }
  if (const ath_status failed = place == ATH_PLACE_HOST ? ensure_host(buffer) : ensure_device(buffer)) return failed;
  if (access & ATH_ACCESS_READ && !(buffer->valid & place)) {
    const ath_backend* backend = buffer->device->backend;
    const ath_status copied = place == ATH_PLACE_HOST
                                  ? backend->memory_download(buffer->device->self, buffer->host, buffer->device_memory, buffer->bytes)
                                  : backend->memory_upload(buffer->device->self, buffer->device_memory, buffer->host, buffer->bytes);
    if (copied) return copied;
    buffer->moved += buffer->bytes;
    buffer->valid |= place;
  }
  if (access & ATH_ACCESS_WRITE) buffer->valid = place;
  *out_pointer = place == ATH_PLACE_HOST ? buffer->host : buffer->device_memory;
  return ATH_OK;
}

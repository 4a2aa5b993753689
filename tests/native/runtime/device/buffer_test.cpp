// Buffers: only what is asked for is copied, on devices with and without memory of their own.
#include "atheria/buffer.h"

#include <cstring>
#include <vector>

#include "expect.hpp"

namespace {

struct Device {
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  explicit Device(const char* name) {
    EXPECT_OK(ath_instance_create(TEST_PLUGINS, &instance));
    EXPECT_OK(ath_device_open(instance, name, &device));
  }
  ~Device() {
    ath_device_release(device);
    ath_instance_destroy(instance);
  }
};

constexpr uint32_t kRead = ATH_ACCESS_READ, kWrite = ATH_ACCESS_WRITE, kBoth = kRead | kWrite;

}  // namespace

TEST(in_host_memory_both_places_are_one) {
  const Device cpu("cpu");
  ath_buffer* buffer = nullptr;
  EXPECT_OK(ath_buffer_create(cpu.device, 100, &buffer));
  EXPECT_EQ(ath_buffer_bytes(buffer), 100u);
  void *host = nullptr, *device = nullptr;
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_HOST, kBoth, &host));
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_DEVICE, kRead, &device));
  EXPECT(host == device);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(host) % 64, 0u);
  EXPECT_EQ(static_cast<char*>(host)[99], 0);
  EXPECT_EQ(ath_buffer_valid_places(buffer), 3u);
  EXPECT_EQ(ath_buffer_bytes_moved(buffer), 0u);
  ath_buffer_release(buffer);
}

TEST(only_what_is_asked_for_is_copied) {
  const Device far("far_memory");
  ath_buffer* buffer = nullptr;
  EXPECT_OK(ath_buffer_create(far.device, 64, &buffer));
  void *host = nullptr, *device = nullptr;
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_HOST, kWrite, &host));
  std::memset(host, 7, 64);
  EXPECT_EQ(ath_buffer_valid_places(buffer), uint32_t{ATH_PLACE_HOST});
  EXPECT_EQ(ath_buffer_bytes_moved(buffer), 0u);
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_DEVICE, kRead, &device));
  EXPECT(host != device);
  EXPECT_EQ(ath_buffer_valid_places(buffer), 3u);
  EXPECT_EQ(ath_buffer_bytes_moved(buffer), 64u);
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_DEVICE, kRead, &device));  // it is there already
  EXPECT_EQ(ath_buffer_bytes_moved(buffer), 64u);
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_DEVICE, kWrite, &device));  // will be overwritten
  EXPECT_EQ(ath_buffer_valid_places(buffer), uint32_t{ATH_PLACE_DEVICE});
  std::memset(host, 0, 64);                                              // the host's copy means nothing now
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_HOST, kBoth, &host));
  EXPECT_EQ(static_cast<char*>(host)[63], 7);
  EXPECT_EQ(ath_buffer_bytes_moved(buffer), 128u);
  EXPECT_EQ(ath_buffer_valid_places(buffer), uint32_t{ATH_PLACE_HOST});
  EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_DEVICE, kWrite, &device));  // write only: nothing to copy
  EXPECT_EQ(ath_buffer_bytes_moved(buffer), 128u);
  ath_buffer_release(buffer);
}

TEST(wrapped_memory_is_given_back_with_the_last_owner) {
  for (const char* name : {"cpu", "far_memory"}) {
    const Device device(name);
    std::vector<char> memory(32, 5);
    int released = 0;
    ath_buffer* buffer = nullptr;
    EXPECT_OK(ath_buffer_wrap(device.device, memory.data(), memory.size(), [](void* context) { ++*static_cast<int*>(context); }, &released, &buffer));
    void* place = nullptr;
    EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_HOST, kRead, &place));
    EXPECT(place == memory.data());
    EXPECT_OK(ath_buffer_map(buffer, ATH_PLACE_DEVICE, kBoth, &place));
    ath_buffer_retain(buffer);
    ath_buffer_release(buffer);
    EXPECT_EQ(released, 0);
    ath_buffer_release(buffer);
    EXPECT_EQ(released, 1);
  }
  ath_buffer_release(nullptr);
}

TEST(what_cannot_be_is_refused) {
  const Device cpu("cpu");
  ath_buffer* buffer = nullptr;
  void* place = nullptr;
  EXPECT_STATUS(ath_buffer_create(nullptr, 1, &buffer), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_buffer_create(cpu.device, 0, &buffer), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_buffer_create(cpu.device, SIZE_MAX / 2, &buffer), ATH_OUT_OF_MEMORY);
  EXPECT_STATUS(ath_buffer_wrap(cpu.device, nullptr, 1, nullptr, nullptr, &buffer), ATH_INVALID_ARGUMENT);
  EXPECT_OK(ath_buffer_create(cpu.device, 1, &buffer));
  EXPECT_STATUS(ath_buffer_map(buffer, ATH_PLACE_HOST, 0, &place), ATH_INVALID_ARGUMENT);
  EXPECT_STATUS(ath_buffer_map(buffer, static_cast<ath_place>(4), kRead, &place), ATH_INVALID_ARGUMENT);
  ath_buffer_release(buffer);
}

EXPECT_MAIN

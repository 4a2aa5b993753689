// The registry's order, the choice of a device by name and by the environment, lifetimes.
#include "atheria/device.h"
#include "environment.hpp"
#include "expect.hpp"

namespace {

std::string opened(ath_instance* instance, const char* name) {
  ath_device* device = nullptr;
  if (ath_device_open(instance, name, &device)) return std::string("refused: ") + ath_status_message();
  ath_device_info info;
  EXPECT_OK(ath_device_describe(device, &info));
  const std::string backend = info.backend;
  EXPECT(info.name && info.level);
  ath_device_release(device);
  return backend;
}

}  // namespace

TEST(sorted_by_score_then_name) {
  ath_instance* instance = nullptr;
  EXPECT_OK(ath_instance_create(TEST_PLUGINS, &instance));
  ath_backend_info before, info;
  EXPECT_OK(ath_instance_backend(instance, 0, &before));
  EXPECT_EQ(before.name, "cpu");
  for (size_t i = 1; i < ath_instance_backend_count(instance); ++i) {
    EXPECT_OK(ath_instance_backend(instance, i, &info));
    EXPECT(before.score > info.score || (before.score == info.score && std::string(before.name) <= info.name));
    EXPECT((info.score == 0) == (*info.reason != 0));
    before = info;
  }
  EXPECT_STATUS(ath_instance_backend(instance, 1000, &info), ATH_OUT_OF_RANGE);
  ath_instance_destroy(instance);
  ath_instance_destroy(nullptr);
}

TEST(devices_by_name) {
  expect::unset_environment("ATHERIA_BACKEND");
  ath_instance* instance = nullptr;
  EXPECT_OK(ath_instance_create(TEST_PLUGINS, &instance));
  EXPECT_EQ(opened(instance, "auto"), "cpu");
  EXPECT_EQ(opened(instance, "reference"), "reference");
  EXPECT_EQ(opened(instance, "cpu"), "cpu");  // and not the plugin of that name
  expect::set_environment("ATHERIA_BACKEND", "reference");
  EXPECT_EQ(opened(instance, "auto"), "reference");
  EXPECT_EQ(opened(instance, "cpu"), "cpu");
  expect::set_environment("ATHERIA_BACKEND", "cuda");
  EXPECT_CONTAINS(opened(instance, "auto"), "no backend \"cuda\" (from ATHERIA_BACKEND); there are ");
  expect::unset_environment("ATHERIA_BACKEND");
  ath_device* device = nullptr;
  EXPECT_STATUS(ath_device_open(instance, "vulkan", &device), ATH_NOT_FOUND);
  EXPECT_CONTAINS(ath_status_message(), "cpu");
  EXPECT_STATUS(ath_device_open(instance, "unusable", &device), ATH_UNAVAILABLE);
  EXPECT_CONTAINS(ath_status_message(), "needs driver 12.4, this machine has 12.2");
  ath_instance_destroy(instance);
}

TEST(the_path_comes_from_the_argument_or_the_environment) {
  const auto count = [](const char* path) {
    ath_instance* instance = nullptr;
    EXPECT_OK(ath_instance_create(path, &instance));
    const size_t backends = ath_instance_backend_count(instance);
    ath_instance_destroy(instance);
    return backends;
  };
  expect::set_environment("ATHERIA_BACKEND_PATH", TEST_PLUGINS);
  EXPECT(count(nullptr) > 10);
  EXPECT_EQ(count(""), 2u);
  expect::unset_environment("ATHERIA_BACKEND_PATH");
}

TEST(a_level_above_the_machines_is_an_error_not_a_crash) {
  ath_instance* instance = nullptr;
  expect::set_environment("ATHERIA_CPU_LEVEL", "avx1024");
  EXPECT_STATUS(ath_instance_create("", &instance), ATH_INVALID_ARGUMENT);
  EXPECT_CONTAINS(ath_status_message(), "avx1024");
  expect::set_environment("ATHERIA_CPU_LEVEL", "baseline");
  EXPECT_OK(ath_instance_create("", &instance));
  ath_device* device = nullptr;
  ath_device_info info;
  EXPECT_OK(ath_device_open(instance, "cpu", &device));
  EXPECT_OK(ath_device_describe(device, &info));
#if defined(__x86_64__)
  EXPECT_EQ(info.level, "baseline");
#endif
  EXPECT(info.memory_bytes > info.memory_free_bytes && info.memory_free_bytes > 0);
  expect::unset_environment("ATHERIA_CPU_LEVEL");
  ath_instance_destroy(instance);  // before its device: the device keeps what it needs
  EXPECT_OK(ath_device_describe(device, &info));
  ath_device_release(device);
  ath_device_release(nullptr);
}

EXPECT_MAIN

// The handshake: what is wrong with a plugin is told with both versions or the slot's name, and nothing crashes.
#include <map>
#include <string>

#include "atheria/device.h"
#include "atheria/program.h"
#include "expect.hpp"

#if defined(_WIN32)
#define PATH_LIST_SEPARATOR ";"
#else
#define PATH_LIST_SEPARATOR ":"
#endif

namespace {

struct Found {
  std::string reason, description, path;
  uint32_t score;
};

std::map<std::string, Found> backends(const char* path) {
  std::map<std::string, Found> found;
  ath_instance* instance = nullptr;
  if (!EXPECT_OK(ath_instance_create(path, &instance))) return found;
  for (size_t i = 0; i < ath_instance_backend_count(instance); ++i) {
    ath_backend_info info;
    EXPECT_OK(ath_instance_backend(instance, i, &info));
    found[std::string(info.name) + (*info.path ? "" : " built in")] = {info.reason, info.description, info.path, info.score};
  }
  ath_instance_destroy(instance);
  return found;
}

const std::map<std::string, Found>& all() {
  static const std::map<std::string, Found> found = backends(TEST_PLUGINS);
  return found;
}

void refused(const char* name, const char* part) {
  const auto found = all().find(name);
  if (!EXPECT(found != all().end())) return;
  EXPECT_EQ(found->second.score, 0u);
  EXPECT_CONTAINS(found->second.reason, part);
}

}  // namespace

TEST(right_plugins_are_usable) {
  for (const char* name : {"good", "far_memory", "island", "older_table"}) {
    const auto found = all().find(name);
    if (!EXPECT(found != all().end())) continue;
    EXPECT_EQ(found->second.reason, "");
    EXPECT_EQ(found->second.score, 50u);
    EXPECT_CONTAINS(found->second.path, std::string("atheria_backend_") + name);
  }
}

TEST(wrong_plugins_are_listed_with_their_reason) {
  refused("old_contract", "contract version 999, this runtime (" );
  refused("old_contract", "of version 1");
  refused("refusing", "plugin refusing 9 needs contract 7, this runtime has 1");
  refused("no_table", "hands over no table");
  refused("missing_slot", "has no op_execute");
  refused("short_table", "has no op_execute");
  refused("half_memory", "only some of memory_allocate");
  refused("misnamed", "named for backend \"misnamed\" but is backend \"another\"");
  refused("unusable", "needs driver 12.4, this machine has 12.2");
  refused("no_entry", "exports no ath_backend_entry");
  refused("damaged", "cannot be loaded: ");
  refused("cpu", "hidden: a backend of this name was found before it, built in");
  EXPECT_EQ(all().size(), 4u + 12u + 2u);
}

TEST(built_in_backends_are_there_whatever_the_folder_has) {
  for (const char* path : {"", "/nowhere/at/all", TEST_PLUGINS}) {
    const auto found = backends(path);
    EXPECT_EQ(found.at("reference built in").score, 1u);
    EXPECT_EQ(found.at("cpu built in").score, 100u);
  }
}

TEST(the_first_of_a_name_wins) {
  ath_instance* instance = nullptr;
  EXPECT_OK(ath_instance_create(TEST_PLUGINS PATH_LIST_SEPARATOR TEST_PLUGINS, &instance));
  int usable = 0, hidden = 0;
  for (size_t i = 0; i < ath_instance_backend_count(instance); ++i) {
    ath_backend_info info;
    EXPECT_OK(ath_instance_backend(instance, i, &info));
    if (std::string(info.name) != "good") continue;
    usable += info.score == 50;
    hidden += std::string(info.reason).find("was found before it, " TEST_PLUGINS) != std::string::npos;
  }
  EXPECT_EQ(usable, 1);
  EXPECT_EQ(hidden, 1);
  ath_instance_destroy(instance);
}

TEST(a_plugin_that_wants_more_scratch_than_there_is_memory_gets_no_plan) {
  ath_instance* instance = nullptr;
  ath_device* device = nullptr;
  EXPECT_OK(ath_instance_create(TEST_PLUGINS, &instance));
  if (!EXPECT_OK(ath_device_open(instance, "boundless", &device))) return;
  for (const std::string op : {"relu", "tanh"}) {
    const std::string text = "input x f32[4]\noutput y f32[4]\n" + op + " y x\nhalt\n";
    ath_program* program = nullptr;
    EXPECT_OK(ath_program_parse(text.data(), text.size(), &program));
    ath_executable* executable = nullptr;
    EXPECT_STATUS(ath_executable_create(program, &device, 1, nullptr, 0, &executable), ATH_OUT_OF_MEMORY);
    ath_executable_release(executable);
    ath_program_release(program);
  }
  ath_device_release(device);
  ath_instance_destroy(instance);
}

EXPECT_MAIN

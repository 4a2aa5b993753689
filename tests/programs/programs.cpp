// Runs the text programs of this folder on every backend that is here, and compares with the values they carry.
#include <algorithm>
#include <cstdlib>

#include "base/file.hpp"
#include "expect.hpp"
#include "atheria/program.h"

namespace {

struct Script {
  std::string name, text, refused, only;
  std::vector<ath_symbol_value> symbols;
  std::vector<std::vector<float>> inputs, outputs;
  double tolerance = 1e-5;
};

std::vector<std::string> words(const std::string& line) {
  std::vector<std::string> list;
  for (size_t at = 0; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    if (end > at) list.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  return list;
}

Script read_script(const std::string& folder, const std::string& name) {
  Script script;
  script.name = name;
  std::vector<char> bytes;
  EXPECT_OK(atheria::file_read((folder + "/" + name).c_str(), &bytes));
  script.text.assign(bytes.begin(), bytes.end());
  for (size_t at = 0; at < script.text.size();) {
    const size_t end = std::min(script.text.find('\n', at), script.text.size());
    const std::string line = script.text.substr(at, end - at);
    at = end + 1;
    if (line.compare(0, 3, "#! ")) continue;
    const std::vector<std::string> list = words(line.substr(3));
    std::vector<float> values;
    for (size_t i = 1; i < list.size(); ++i) values.push_back(std::strtof(list[i].c_str(), nullptr));
    if (list[0] == "in") {
      script.inputs.push_back(values);
    } else if (list[0] == "out") {
      script.outputs.push_back(values);
    } else if (list[0] == "within") {
      script.tolerance = double(values.at(0));
    } else if (list[0] == "only") {
      script.only = list.at(1);
    } else if (list[0] == "refused") {
      script.refused = line.substr(std::strlen("#! refused "));
    } else if (EXPECT_EQ(list[0], "run")) {
      for (size_t i = 1; i < list.size(); ++i) script.symbols.push_back({uint32_t(list[i][0]), std::atoll(list[i].c_str() + 2)});
    }
  }
  EXPECT(!script.outputs.empty() || !script.refused.empty());
  return script;
}

void run_on(const Script& script, ath_device* device, const char* backend) {
  ath_program* program = nullptr;
  ath_executable* executable = nullptr;
  if (!EXPECT_OK(ath_program_parse(script.text.data(), script.text.size(), &program))) return;
  const ath_status planned = ath_executable_create(program, &device, 1, script.symbols.data(), script.symbols.size(), &executable);
  if (!script.refused.empty() && script.only != backend) {
    if (EXPECT(planned != ATH_OK)) EXPECT_CONTAINS(ath_status_message(), script.refused);
  } else if (EXPECT_OK(planned)) {
    std::vector<const void*> inputs;
    for (const auto& values : script.inputs) inputs.push_back(values.data());
    std::vector<std::vector<float>> results;
    for (const auto& values : script.outputs) results.push_back(std::vector<float>(values.size(), -99));
    std::vector<void*> outputs;
    for (auto& values : results) outputs.push_back(values.data());
    const ath_run run = {sizeof(ath_run), uint32_t(inputs.size()), inputs.data(), outputs.data(), uint32_t(outputs.size()), 0, nullptr, nullptr};
    EXPECT_OK(ath_executable_run(executable, &run));
    for (size_t i = 0; i < results.size(); ++i)
      for (size_t j = 0; j < results[i].size(); ++j)
        if (!EXPECT_NEAR(results[i][j], script.outputs[i][j], script.tolerance)) std::fprintf(stderr, "  %s on %s\n", script.name.c_str(), backend);
  }
  ath_executable_release(executable);
  ath_program_release(program);
}

}  // namespace

TEST(text_programs_on_every_backend) {
  std::vector<std::string> names;
  for (const std::string& name : atheria::folder_entries(PROGRAMS_FOLDER)) {
    if (name.size() > 4 && name.compare(name.size() - 4, 4, ".txt") == 0 && name != "CMakeLists.txt") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  EXPECT(names.size() >= 9);
  const char* must = std::getenv("PROGRAMS_MUST_RUN_ON");
  bool ran_on_it = !must;
  ath_instance* instance = nullptr;
  if (!EXPECT_OK(ath_instance_create(nullptr, &instance))) return;
  for (size_t i = 0; i < ath_instance_backend_count(instance); ++i) {
    ath_backend_info info;
    EXPECT_OK(ath_instance_backend(instance, i, &info));
    if (!info.score) {
      std::fprintf(stderr, "skip %s: %s\n", info.name, info.reason);
      continue;
    }
    ath_device* device = nullptr;
    if (!EXPECT_OK(ath_device_open(instance, info.name, &device))) continue;
    ran_on_it = ran_on_it || !std::strcmp(info.name, must);
    for (const std::string& name : names) run_on(read_script(PROGRAMS_FOLDER, name), device, info.name);
    ath_device_release(device);
  }
  EXPECT(ran_on_it);
  ath_instance_destroy(instance);
}

EXPECT_MAIN

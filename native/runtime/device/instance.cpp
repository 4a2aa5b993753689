// Making the registry: built-in backends, then plugins; each is kept with its reason when it cannot be used.
#include "instance.hpp"

#include <cstring>
#include <utility>

#include "base/environment.hpp"
#include "base/guard.hpp"
#include "base/library.hpp"
#include "builtin.hpp"
#include "device.hpp"
#include "host.hpp"
#include "plugin.hpp"

namespace atheria {
namespace {

void probe(const ath_host* host, BackendRecord& record) {
  ath_probe facts = {};
  facts.struct_bytes = sizeof facts;
  if (record.backend->probe(host, &facts)) {
    record.reason = ath_status_message();
    if (record.reason.empty()) record.reason = "its probe failed without a message";
    return;
  }
  facts.reason[sizeof facts.reason - 1] = facts.description[sizeof facts.description - 1] = 0;
  record.score = facts.score;
  record.description = facts.description;
  if (!facts.score) record.reason = facts.reason[0] ? facts.reason : "its probe gives score 0 and no reason";
}

void add_built_in(ath_instance& instance, const char* name, ath_backend_entry_function entry) {
  BackendRecord record;
  record.name = name;
  record.built_in = true;
  if (backend_handshake(instance.host, entry, name, &record.backend)) {
    record.reason = ath_status_message();
  } else {
    probe(instance.host, record);
  }
  instance.backends.push_back(std::move(record));
}

void add_plugin(ath_instance& instance, const PluginFile& file) {
  BackendRecord record;
  record.name = file.name;
  record.path = file.path;
  for (const BackendRecord& earlier : instance.backends)
    if (earlier.name == file.name && record.reason.empty())
      record.reason = "hidden: a backend of this name was found before it, " + (earlier.built_in ? std::string("built in") : earlier.path);
  if (record.reason.empty()) {
    if (plugin_open(instance.host, file, &record.backend)) {
      record.reason = ath_status_message();
      if (record.reason.empty()) record.reason = "its entry refused without a message";
    } else {
      probe(instance.host, record);
    }
  }
  instance.backends.push_back(std::move(record));
}

// Where packages put plugins, from the folder of this library: libraries lie in lib/, on Windows in bin/.
#if defined(_WIN32)
constexpr const char* kBackendsBesideLibrary = "/../lib/atheria/backends";
#else
constexpr const char* kBackendsBesideLibrary = "/atheria/backends";
#endif

std::string search_path(const char* asked) {
  if (asked) return asked;
  std::string environment;
  if (environment_get("ATHERIA_BACKEND_PATH", &environment)) return environment;
  const std::string own = library_own_folder();
  return own.empty() ? own : own + kBackendsBesideLibrary;
}

// By falling score, then name; equal ones keep the order they were found in. A dozen at most, so the smallest code is the best.
void sort_by_score(std::vector<BackendRecord>& backends) {
  for (size_t i = 1; i < backends.size(); ++i)
    for (size_t j = i; j > 0; --j) {
      BackendRecord &left = backends[j - 1], &right = backends[j];
      if (left.score != right.score ? left.score > right.score : left.name <= right.name) break;
      std::swap(left, right);
    }
}

ath_status instance_create(const std::string& path, ath_instance** out_instance) {
  CpuLevel level;
  if (const ath_status refused = cpu_level(&level)) return refused;
  auto* instance = new ath_instance();
  instance->host = host_for(level);
  const ath_status made = guarded("instance", [&]() -> ath_status {
    add_built_in(*instance, "cpu", cpu_backend_entry);
    add_built_in(*instance, "reference", reference_backend_entry);
    for (const PluginFile& file : find_plugins(path)) add_plugin(*instance, file);
    sort_by_score(instance->backends);
    return ATH_OK;
  });
  if (made) {
    instance_release(instance);
    return made;
  }
  *out_instance = instance;
  return ATH_OK;
}

const BackendRecord* built_in(const ath_instance* instance, const char* name) {
  for (const BackendRecord& record : instance->backends)
    if (record.built_in && record.name == name) return &record;
  return nullptr;
}

}  // namespace

void instance_release(ath_instance* instance) {
  if (instance->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  ath_device_release(instance->fallback_cpu);
  ath_device_release(instance->fallback_reference);
  delete instance;
}

ath_status instance_fallbacks(ath_instance* instance, ath_device** out_cpu, ath_device** out_reference) {
  const std::lock_guard lock(instance->fallback_mutex);
  struct Wanted {
    const char* name;
    ath_device** device;
  };
  for (const Wanted& wanted : {Wanted{"cpu", &instance->fallback_cpu}, Wanted{"reference", &instance->fallback_reference}}) {
    if (*wanted.device) continue;
    if (const ath_status failed = device_create(instance, *built_in(instance, wanted.name), false, wanted.device)) return failed;
  }
  *out_cpu = instance->fallback_cpu;
  *out_reference = instance->fallback_reference;
  return ATH_OK;
}

ath_status process_instance(ath_instance** out_instance) {
  static std::mutex mutex;
  static ath_instance* instance = nullptr;  // never destroyed: executables may live until exit
  const std::lock_guard lock(mutex);
  if (!instance) {
    if (const ath_status failed = instance_create("", &instance)) return failed;
  }
  *out_instance = instance;
  return ATH_OK;
}

}  // namespace atheria

ath_status ath_instance_create(const char* backend_path, ath_instance** out_instance) {
  if (!out_instance) return ath_status_set(ATH_INVALID_ARGUMENT, "instance: out_instance is null");
  return atheria::guarded("instance", [&] { return atheria::instance_create(atheria::search_path(backend_path), out_instance); });
}

void ath_instance_destroy(ath_instance* instance) {
  if (instance) atheria::instance_release(instance);
}

size_t ath_instance_backend_count(const ath_instance* instance) { return instance->backends.size(); }

ath_status ath_instance_backend(const ath_instance* instance, size_t index, ath_backend_info* out_info) {
  if (index >= instance->backends.size())
    return ath_status_set(ATH_OUT_OF_RANGE, "backend %zu of %zu", index, instance->backends.size());
  const atheria::BackendRecord& record = instance->backends[index];
  *out_info = {record.name.c_str(), record.description.c_str(), record.path.c_str(), record.reason.c_str(), record.score};
  return ATH_OK;
}

// Tables of names.
#include "config.hpp"

#include <utility>

#include "status.hpp"

namespace atheria::bindings {
namespace {

template <typename Value, size_t N>
Value find(const char* what, const std::string& name, const std::pair<const char*, Value> (&table)[N]) {
  std::string known;
  for (const auto& [text, value] : table) {
    if (name == text) return value;
    known += (known.empty() ? "" : ", ") + std::string(text);
  }
  raise_usage(std::string(what) + " '" + name + "' is none of " + known);
}

}  // namespace

ath_engine_config default_config() {
  ath_engine_config config = {};
  config.struct_bytes = sizeof(config);
  ath_engine_config_default(&config);
  return config;
}

ath_domain domain_of_name(const std::string& name) {
  static constexpr std::pair<const char*, ath_domain> kTable[] = {
      {"infinite", ATH_DOMAIN_INFINITE}, {"bounded", ATH_DOMAIN_BOUNDED}, {"periodic", ATH_DOMAIN_PERIODIC}};
  return find("domain", name, kTable);
}

ath_background background_of_name(const std::string& name) {
  static constexpr std::pair<const char*, ath_background> kTable[] = {
      {"zero", ATH_BACKGROUND_ZERO}, {"static", ATH_BACKGROUND_STATIC}, {"fluctuating", ATH_BACKGROUND_FLUCTUATING}};
  return find("background", name, kTable);
}

ath_activity activity_of_name(const std::string& name) {
  static constexpr std::pair<const char*, ath_activity> kTable[] = {{"exact", ATH_ACTIVITY_EXACT}, {"threshold", ATH_ACTIVITY_THRESHOLD}};
  return find("mode", name, kTable);
}

}  // namespace atheria::bindings

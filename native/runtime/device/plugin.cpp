// Finding plugin files and the handshake with them.
#include "plugin.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "base/file.hpp"
#include "base/library.hpp"

namespace atheria {
namespace {

constexpr const char* kPrefix = "atheria_backend_";  // behind the prefix that libraries have on this system

// Through `REQUIRED` and `OPTIONAL` of backend_slots.def.
ath_status check_slots(const ath_backend* backend) {
#define ATH_NEED_REQUIRED(slot) \
  if (!ATH_BACKEND_HAS(backend, slot)) \
    return ath_status_set(ATH_VERSION_MISMATCH, "backend \"%s\" has no %s, which every backend must have; rebuild the plugin", backend->name, #slot);
#define ATH_NEED_OPTIONAL(slot)
#define ATH_SLOT(need, result, name, arguments) ATH_NEED_##need(name)
#include "atheria/backend_slots.def"
#undef ATH_SLOT
#undef ATH_NEED_REQUIRED
#undef ATH_NEED_OPTIONAL
  // Memory comes whole or not at all.
  const bool allocate = ATH_BACKEND_HAS(backend, memory_allocate);
  if (allocate != ATH_BACKEND_HAS(backend, memory_free) || allocate != ATH_BACKEND_HAS(backend, memory_upload) ||
      allocate != ATH_BACKEND_HAS(backend, memory_download))
    return ath_status_set(ATH_VERSION_MISMATCH,
                          "backend \"%s\" has only some of memory_allocate, memory_free, memory_upload, memory_download; a backend has all or none",
                          backend->name);
  return ATH_OK;
}

}  // namespace

ath_status backend_handshake(const ath_host* host, ath_backend_entry_function entry, const char* name, const ath_backend** out_backend) {
  const ath_backend* backend = nullptr;
  if (const ath_status refused = entry(host, &backend)) return refused;
  if (!backend) return ath_status_set(ATH_VERSION_MISMATCH, "the plugin's entry says OK but hands over no table; rebuild the plugin");
  if (backend->struct_bytes < offsetof(ath_backend, probe))
    return ath_status_set(ATH_VERSION_MISMATCH, "the plugin's table has %u bytes, less than its own head; rebuild the plugin", backend->struct_bytes);
  if (backend->abi_version != ATH_ABI_VERSION)
    return ath_status_set(ATH_VERSION_MISMATCH,
                          "the plugin is of contract version %u, this runtime (%s) of version %u; install the plugin that belongs to this runtime",
                          backend->abi_version, ath_version(), ATH_ABI_VERSION);
  if (!backend->name || !*backend->name) return ath_status_set(ATH_VERSION_MISMATCH, "the plugin's table has no name; rebuild the plugin");
  if (name && std::strcmp(name, backend->name))
    return ath_status_set(ATH_VERSION_MISMATCH, "the file is named for backend \"%s\" but is backend \"%s\"; rename it", name, backend->name);
  if (const ath_status refused = check_slots(backend)) return refused;
  *out_backend = backend;
  return ATH_OK;
}

std::vector<PluginFile> find_plugins(const std::string& search_path) {
  std::vector<PluginFile> found;
  for (size_t begin = 0; begin <= search_path.size();) {
    const size_t end = std::min(search_path.find(kPathListSeparator, begin), search_path.size());
    const std::string folder = search_path.substr(begin, end - begin);
    begin = end + 1;
    if (folder.empty()) continue;
    const size_t first = found.size();
    const std::string prefix = std::string(kLibraryPrefix) + kPrefix, suffix = kLibrarySuffix;
    for (const std::string& file : folder_entries(folder)) {
      if (file.size() <= prefix.size() + suffix.size() || file.compare(0, prefix.size(), prefix) ||
          file.compare(file.size() - suffix.size(), suffix.size(), suffix))
        continue;
      found.push_back({file.substr(prefix.size(), file.size() - prefix.size() - suffix.size()), folder + "/" + file});
    }
    // The folder's own order is the file system's; ours must not depend on it.
    std::sort(found.begin() + ptrdiff_t(first), found.end(), [](const PluginFile& a, const PluginFile& b) { return a.name < b.name; });
  }
  return found;
}

ath_status plugin_open(const ath_host* host, const PluginFile& file, const ath_backend** out_backend) {
  void* library = nullptr;
  if (const ath_status failed = library_open(file.path, &library)) return failed;
  void* symbol = library_symbol(library, ATH_BACKEND_ENTRY_NAME);
  if (!symbol)
    return ath_status_set(ATH_VERSION_MISMATCH, "%s exports no %s: it is no backend plugin", file.path.c_str(), ATH_BACKEND_ENTRY_NAME);
  ath_backend_entry_function entry;
  std::memcpy(&entry, &symbol, sizeof entry);
  return backend_handshake(host, entry, file.name.c_str(), out_backend);
}

}  // namespace atheria

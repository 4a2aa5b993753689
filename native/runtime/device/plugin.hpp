// From a file or a built-in entry to a checked backend table.
#pragma once

#include <string>
#include <vector>

#include "atheria/backend.h"

namespace atheria {

// Calls `entry` and checks what it hands over: contract version, size, every required slot. `name` is what the table must call itself; null: any.
// On refusal the message says what this runtime has and what the plugin has.
ath_status backend_handshake(const ath_host* host, ath_backend_entry_function entry, const char* name, const ath_backend** out_backend);

// A table of an older plugin may be shorter than ours: a slot beyond its end counts as absent.
#define ATH_BACKEND_HAS(backend, slot) \
  ((backend)->struct_bytes >= offsetof(ath_backend, slot) + sizeof((backend)->slot) && (backend)->slot != nullptr)

struct PluginFile {
  std::string name;  // "openblas" of libatheria_backend_openblas.so
  std::string path;
};

// The plugins in the folders of `search_path` (separated as in PATH), folder by folder, by name within a folder. A folder that does not exist has none.
std::vector<PluginFile> find_plugins(const std::string& search_path);

ath_status plugin_open(const ath_host* host, const PluginFile& file, const ath_backend** out_backend);

}  // namespace atheria

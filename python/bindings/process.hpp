// What the process has once: the registry of backends, devices that are open, the number of threads that engines get.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "atheria/device.h"
#include "atheria/queue.h"

namespace atheria::bindings {

// Made on first use, never destroyed: devices may be in use until the interpreter is gone.
ath_instance* instance();

// The open device of a backend ("auto": ATHERIA_BACKEND, else the best score). Stays open. Throws the Python exception.
ath_device* device(const std::string& backend);

using Pool = std::shared_ptr<ath_pool>;

// 0: the process's number (set_num_threads), which is what affinity and quota allow unless it was set.
Pool make_pool(uint32_t threads);
void set_default_threads(uint32_t threads);
uint32_t default_threads();

}  // namespace atheria::bindings

// The backends that are compiled into the runtime; their entries have the plugins' shape.
#pragma once

#include "atheria/backend.h"

namespace atheria {

ath_status reference_backend_entry(const ath_host* host, const ath_backend** out_backend);
ath_status cpu_backend_entry(const ath_host* host, const ath_backend** out_backend);

}  // namespace atheria

// Names of domains, backgrounds and modes as numbers of engine.h.
#pragma once

#include <string>

#include "atheria/engine.h"

namespace atheria::bindings {

ath_engine_config default_config();
// Each raises the Python exception for a name that is not in its list.
ath_domain domain_of_name(const std::string& name);
ath_background background_of_name(const std::string& name);
ath_activity activity_of_name(const std::string& name);

}  // namespace atheria::bindings

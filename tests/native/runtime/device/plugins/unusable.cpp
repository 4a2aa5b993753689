// A plugin that is right on another machine.
#include "table.hpp"
PLUGIN("unusable", backend.probe = [](const ath_host*, ath_probe* probe) -> ath_status {
  std::snprintf(probe->reason, sizeof probe->reason, "needs driver 12.4, this machine has 12.2");
  return ATH_OK;
})

// Memory by GlobalMemoryStatusEx.
#include "base/machine.hpp"

#include "windows_text.hpp"

namespace atheria {

MachineMemory machine_memory() {
  MEMORYSTATUSEX facts;
  facts.dwLength = sizeof facts;
  if (!GlobalMemoryStatusEx(&facts)) return {};
  return {facts.ullTotalPhys, facts.ullAvailPhys};
}

}  // namespace atheria

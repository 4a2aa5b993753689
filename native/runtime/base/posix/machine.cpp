// Memory by sysconf; on macOS free memory by the kernel's own interface, because sysconf has no name for it there.
#include "base/machine.hpp"

#include <unistd.h>

#if defined(__APPLE__)
#include <mach/mach.h>
#endif

namespace atheria {

MachineMemory machine_memory() {
  MachineMemory memory;
  const long page = sysconf(_SC_PAGESIZE), pages = sysconf(_SC_PHYS_PAGES);
  if (page > 0 && pages > 0) memory.bytes = uint64_t(page) * uint64_t(pages);
#if defined(__APPLE__)
  vm_statistics64_data_t facts;
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  const mach_port_t host = mach_host_self();
  if (host_statistics64(host, HOST_VM_INFO64, reinterpret_cast<host_info64_t>(&facts), &count) == KERN_SUCCESS)
    memory.free_bytes = uint64_t(facts.free_count) * uint64_t(page);
  mach_port_deallocate(mach_task_self(), host);
#elif defined(_SC_AVPHYS_PAGES)
  const long free_pages = sysconf(_SC_AVPHYS_PAGES);
  if (page > 0 && free_pages > 0) memory.free_bytes = uint64_t(page) * uint64_t(free_pages);
#endif
  return memory;
}

}  // namespace atheria

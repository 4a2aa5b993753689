// One instance per process. All of it is called with the GIL held, which is its lock.
#include "process.hpp"

#include <map>

#include "status.hpp"

namespace atheria::bindings {
namespace {

uint32_t default_threads_ = 0;

}  // namespace

ath_instance* instance() {
  static ath_instance* made = nullptr;
  if (made == nullptr) check(ath_instance_create(nullptr, &made));
  return made;
}

ath_device* device(const std::string& backend) {
  static auto& open = *new std::map<std::string, ath_device*>();
  auto found = open.find(backend);
  if (found != open.end()) return found->second;
  ath_device* opened = nullptr;
  check(ath_device_open(instance(), backend.c_str(), &opened));
  open[backend] = opened;
  return opened;
}

Pool make_pool(uint32_t threads) {
  ath_pool* pool = nullptr;
  check(ath_pool_create(threads != 0 ? threads : default_threads_, &pool));
  return Pool(pool, ath_pool_destroy);
}

void set_default_threads(uint32_t threads) { default_threads_ = threads; }

uint32_t default_threads() { return ath_pool_threads(make_pool(0).get()); }

}  // namespace atheria::bindings

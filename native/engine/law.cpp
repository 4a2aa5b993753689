// What the engine demands of a law before it trusts it.
#include "law.hpp"

#include <algorithm>
#include <cmath>

#include "tile_key.hpp"

namespace atheria::engine {
namespace {
constexpr uint32_t kRadiusMax = 1024;
constexpr uint32_t kChannelsMax = 4096;
}  // namespace

Law::~Law() {
  if (law_.destroy != nullptr) law_.destroy(law_.self);
}

ath_status Law::describe() {
  if (law_.abi_version != ATH_ABI_VERSION) {
    return ath_status_set(ATH_VERSION_MISMATCH, "the law was made for contract version %u, this engine has %u; rebuild the provider of the law",
                          law_.abi_version, ATH_ABI_VERSION);
  }
  if (law_.struct_bytes < sizeof(ath_law) || law_.describe == nullptr || law_.forward == nullptr || law_.destroy == nullptr) {
    return ath_status_set(ATH_INVALID_ARGUMENT, "ath_law of %u bytes: expected %zu, with describe, forward and destroy set", law_.struct_bytes,
                          sizeof(ath_law));
  }
  info_ = ath_law_info{};
  info_.struct_bytes = sizeof(ath_law_info);
  const ath_status status = law_.describe(law_.self, &info_);
  if (status != ATH_OK) return status;
  name_ = info_.name != nullptr ? info_.name : "";
  if (info_.channels < 2 || info_.channels % 2 != 0 || info_.channels > kChannelsMax) {
    return ath_status_set(ATH_UNSUPPORTED, "law \"%s\" has %u channels: expected an even number from 2 to %u, concat(Re, Im) of d complex channels",
                          name_.c_str(), info_.channels, kChannelsMax);
  }
  if (info_.radius > kRadiusMax) {
    return ath_status_set(ATH_UNSUPPORTED, "law \"%s\" has radius %u: at most %u is supported; use a law with a smaller receptive field",
                          name_.c_str(), info_.radius, kRadiusMax);
  }
  if (info_.alignment == 0) info_.alignment = 1;
  if (kTileSide % info_.alignment != 0) {
    return ath_status_set(ATH_UNSUPPORTED, "law \"%s\" wants tile origins at multiples of %u: tiles have side %d, so it must divide that",
                          name_.c_str(), info_.alignment, kTileSide);
  }
  if (!std::isfinite(info_.gamma)) {
    return ath_status_set(ATH_UNSUPPORTED, "law \"%s\" has decay gamma %g: expected a finite number", name_.c_str(), static_cast<double>(info_.gamma));
  }
  return ATH_OK;
}

ath_status Law::prepare(uint32_t count, uint32_t height, uint32_t width, uint32_t workers) {
  const Shape shape{count, height, width, workers};
  if (law_.prepare == nullptr || std::find(prepared_.begin(), prepared_.end(), shape) != prepared_.end()) return ATH_OK;
  // A law that takes the whole step in one call has a new count at every step: nothing worth remembering.
  if (!is_one_call()) prepared_.reserve(prepared_.size() + 1);
  const ath_status status = law_.prepare(law_.self, count, height, width, workers);
  if (status == ATH_OK && !is_one_call()) prepared_.push_back(shape);
  return status;
}

}  // namespace atheria::engine

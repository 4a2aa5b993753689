// The law as the engine holds it: owned, described once, checked once, prepared once per shape.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "atheria/law.h"

namespace atheria::engine {

class Law {
 public:
  // Owns `law.self` from here on.
  explicit Law(const ath_law& law) : law_(law) {}
  ~Law();
  Law(const Law&) = delete;
  Law& operator=(const Law&) = delete;

  // Asks the provider and refuses what the engine cannot run, with the reason.
  ath_status describe();

  uint32_t channels() const { return info_.channels; }
  uint32_t radius() const { return info_.radius; }
  uint32_t alignment() const { return info_.alignment; }
  bool is_product() const { return (info_.flags & ATH_LAW_PRODUCT) != 0; }
  bool is_one_call() const { return (info_.flags & ATH_LAW_ONE_CALL) != 0; }
  float gamma() const { return info_.gamma; }
  const std::string& name() const { return name_; }
  const uint8_t* digest() const { return info_.digest; }

  // Tells the provider about a shape it has not seen.
  ath_status prepare(uint32_t count, uint32_t height, uint32_t width, uint32_t workers);
  ath_status forward(const ath_law_batch& batch) const { return law_.forward(law_.self, &batch); }

 private:
  struct Shape {
    uint32_t count, height, width, workers;
    bool operator==(const Shape&) const = default;
  };

  ath_law law_;
  ath_law_info info_{};
  std::string name_;
  std::vector<Shape> prepared_;
};

}  // namespace atheria::engine

// load, store: out = in.
#include <cstring>

#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct Copy : Prepared {
  size_t copied_bytes;
};

void run(const Prepared* self, void* const* operands, void*) {
  std::memcpy(operands[0], operands[1], static_cast<const Copy*>(self)->copied_bytes);
}

}  // namespace

ath_status prepare_copy(const Request& request) {
  auto* op = request.create<Copy>(run);
  if (!op) return ATH_OUT_OF_MEMORY;
  op->copied_bytes = size_t(layout::elements(request.op.operands[0])) * 4;
  return ATH_OK;
}

}  // namespace atheria::cpu

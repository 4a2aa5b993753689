// qca_update: the end of an engine step, as opcodes.def defines it.
#include "cpu/ops.hpp"
#include "layout/shapes.hpp"

namespace atheria::cpu {
namespace {

struct QcaUpdate : Prepared {
  kernels::LawUpdateCall call;
};

void run(const Prepared* self, void* const* operands, void*) {
  kernels::LawUpdateCall call = static_cast<const QcaUpdate*>(self)->call;
  call.out = static_cast<float*>(operands[0]);
  call.out_activity = static_cast<float*>(operands[1]);
  call.psi = static_cast<const float*>(operands[2]);
  call.delta = static_cast<const float*>(operands[3]);
  call.background = static_cast<const float*>(operands[4]);
  self->kernels->law_update(&call);
}

}  // namespace

ath_status prepare_qca_update(const Request& request) {
  auto* prepared = request.create<QcaUpdate>(run);
  if (!prepared) return ATH_OUT_OF_MEMORY;
  const ath_op& op = request.op;
  const layout::Rows cells = layout::rows(op.operands[0]);
  kernels::LawUpdateCall& call = prepared->call;
  call = {};
  call.cells = cells.rows;
  call.d = cells.columns / 2;
  call.psi_ld = call.delta_ld = call.out_ld = cells.columns;
  call.product = op.attributes[0] & 1;
  call.normalize = op.attributes[0] & 2;
  call.gamma = layout::float_of(op.attributes[1]);
  call.activity = kernels::Activity::background;
  call.background_ld = op.operands[4].rank == 1 ? 0 : cells.columns;
  return ATH_OK;
}

}  // namespace atheria::cpu

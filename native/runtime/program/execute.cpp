// Running an executable: fill the address table, call the ops. The program was verified and planned; nothing is checked per op.
#include <cstring>

#include "executable.hpp"
#include "placement.hpp"

namespace atheria {
namespace {

template <bool kDomains>
ath_status run_steps(const ath_executable& executable, void* const* table, void* op_scratch, const ath_rectangle* domains, uint32_t domain_count) {
  for (const Step& step : executable.steps) {
    if constexpr (kDomains) {
      if (step.mask != kNoMask) {
        const DomainMask& mask = executable.masks[step.mask];
        apply_mask(mask, static_cast<float*>(table[mask.address]), domains, domain_count);
      }
    }
    void* const operands[5] = {table[step.operands[0]], table[step.operands[1]], table[step.operands[2]], table[step.operands[3]], table[step.operands[4]]};
    const ath_status status = step.execute(step.device, step.prepared, operands, op_scratch);
    if (status) [[unlikely]] return status;
  }
  return ATH_OK;
}

ath_status refuse(const ath_executable& executable, const ath_run& run) {
  const char* name = program_name(*executable.program);
  if (run.input_count != executable.input_count || run.output_count != executable.output_count)
    return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\": %u inputs and %u outputs given; it has %u and %u", name, run.input_count, run.output_count,
                          executable.input_count, executable.output_count);
  if (run.domains && !executable.no_domains.empty())
    return ath_status_set(ATH_UNSUPPORTED, "program \"%s\" cannot run in a bounded domain: %s", name, executable.no_domains.c_str());
  return ath_status_set(ATH_INVALID_ARGUMENT, "program \"%s\": %u domains given; the batch is %lld", name, run.domain_count,
                        static_cast<long long>(executable.batch));
}

}  // namespace
}  // namespace atheria

ath_status ath_executable_run(const ath_executable* executable, const ath_run* run) {
  if (run->struct_bytes < sizeof(ath_run)) [[unlikely]]
    return ath_status_set(ATH_INVALID_ARGUMENT, "run: struct_bytes is %u; expected %zu (sizeof(ath_run))", run->struct_bytes, sizeof(ath_run));
  if (run->input_count != executable->input_count || run->output_count != executable->output_count ||
      (run->domains && (run->domain_count != uint64_t(executable->batch) || !executable->no_domains.empty()))) [[unlikely]]
    return atheria::refuse(*executable, *run);

  char* scratch = static_cast<char*>(run->scratch);
  if (!scratch) {
    scratch = static_cast<char*>(ath_allocator_system()->allocate(nullptr, executable->scratch_bytes));
    if (!scratch) return ath_status_set(ATH_OUT_OF_MEMORY, "run: the system refused %zu bytes of scratch", executable->scratch_bytes);
  }
  void** const table = reinterpret_cast<void**>(scratch);
  void** next = table;
  for (void* address : executable->fixed_addresses) *next++ = address;
  for (uint32_t i = 0; i < run->input_count; ++i) *next++ = const_cast<void*>(run->inputs[i]);
  for (uint32_t i = 0; i < run->output_count; ++i) *next++ = run->outputs[i];
  for (const size_t offset : executable->local_offsets) *next++ = scratch + offset;

  void* const op_scratch = scratch + executable->op_scratch_offset;
  const ath_status status = executable->placement ? executable->placement->run(table, op_scratch, run->domains, run->domain_count)
                            : run->domains        ? atheria::run_steps<true>(*executable, table, op_scratch, run->domains, run->domain_count)
                                                  : atheria::run_steps<false>(*executable, table, op_scratch, nullptr, 0);
  if (!run->scratch) ath_allocator_system()->release(nullptr, scratch, executable->scratch_bytes);
  return status;
}

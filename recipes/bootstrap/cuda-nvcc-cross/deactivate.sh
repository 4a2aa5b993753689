# Takes back what activation set.
unset CUDACXX NVCC CUDAHOSTCXX
if [ "${_ATHERIA_NVCC_PREPEND_FLAGS-unset}" = "unset" ]; then
  unset NVCC_PREPEND_FLAGS
else
  export NVCC_PREPEND_FLAGS="${_ATHERIA_NVCC_PREPEND_FLAGS}"
fi
unset _ATHERIA_NVCC_PREPEND_FLAGS

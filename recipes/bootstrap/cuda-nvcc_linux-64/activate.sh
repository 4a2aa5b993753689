# Names nvcc, the C++ compiler it calls for host code, and where CMake finds the toolkit. CUDAARCHS stays as it is: which GPUs a
# package is for is a question of its recipe.
if [ -z "${CXX:-}" ]; then
  echo "cuda-nvcc_linux-64: nvcc calls a C++ compiler, but CXX is not set; add compiler('cxx') to the environment" >&2
  false
else
  export CUDACXX="${CONDA_PREFIX}/bin/nvcc" NVCC="${CONDA_PREFIX}/bin/nvcc" CUDAHOSTCXX="${CXX}"
  export _ATHERIA_NVCC_PREPEND_FLAGS="${NVCC_PREPEND_FLAGS-unset}"
  export NVCC_PREPEND_FLAGS="${NVCC_PREPEND_FLAGS:+${NVCC_PREPEND_FLAGS} }-ccbin=${CXX}"
  if [ "${CONDA_BUILD:-0}" = "1" ]; then
    export CMAKE_ARGS="${CMAKE_ARGS:-} -DCUDAToolkit_ROOT=${CONDA_PREFIX}"
  fi
fi

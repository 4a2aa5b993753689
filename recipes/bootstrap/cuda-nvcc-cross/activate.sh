# Names nvcc and the compiler of this machine that preprocesses for it. CUDAARCHS stays as it is: which GPUs a package is for is a
# question of its recipe.
export CUDACXX="${CONDA_PREFIX}/bin/nvcc" NVCC="${CONDA_PREFIX}/bin/nvcc" CUDAHOSTCXX="@CXX@"
export _ATHERIA_NVCC_PREPEND_FLAGS="${NVCC_PREPEND_FLAGS-unset}"
export NVCC_PREPEND_FLAGS="${NVCC_PREPEND_FLAGS:+${NVCC_PREPEND_FLAGS} }-ccbin=@CXX@"

# Names the HIP compiler and its installation. Which GPUs a package is for is a question of its recipe.
export HIPCXX="${CONDA_PREFIX}/bin/hipcc" HIPCC="${CONDA_PREFIX}/bin/hipcc" HIP_PLATFORM="amd" ROCM_PATH="@ROCM@"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  export CMAKE_ARGS="${CMAKE_ARGS:-} -DCMAKE_HIP_PLATFORM=amd"
fi

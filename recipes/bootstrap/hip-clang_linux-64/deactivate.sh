# Takes back what activation set.
unset HIPCXX HIPCC HIP_PLATFORM ROCM_PATH

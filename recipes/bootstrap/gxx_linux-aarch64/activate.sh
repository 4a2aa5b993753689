# Names the C++ compiler and its flags. Runs after the C compiler's script, whose CFLAGS it extends.
export CXX="${CONDA_PREFIX}/bin/aarch64-conda-linux-gnu-c++" GXX="${CONDA_PREFIX}/bin/aarch64-conda-linux-gnu-g++"
export CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${CFLAGS}"

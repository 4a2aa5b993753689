# Names the C++ compiler and its flags. Runs after the C compiler's script, whose CFLAGS it extends.
export CXX="${CONDA_PREFIX}/bin/arm64-apple-darwin20.0.0-c++" CLANGXX="${CONDA_PREFIX}/bin/arm64-apple-darwin20.0.0-clang++"
export CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${CFLAGS}"

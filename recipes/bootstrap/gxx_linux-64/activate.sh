# Names the C++ compiler and its flags. Runs after the C compiler's script, whose CFLAGS it extends.
export CXX="${CONDA_PREFIX}/bin/@CHOST@-c++" GXX="${CONDA_PREFIX}/bin/@CHOST@-g++"
export CXX_FOR_BUILD="${CXX}"
export CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${CFLAGS}"
export DEBUG_CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${DEBUG_CFLAGS}"

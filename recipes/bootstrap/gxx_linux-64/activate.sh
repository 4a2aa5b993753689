# Names the C++ compiler and its flags. Runs after the C compiler's script, whose CFLAGS it extends.
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  _atheria_tools="${BUILD_PREFIX}"
else
  _atheria_tools="${CONDA_PREFIX}"
fi
export CXX="${_atheria_tools}/bin/@CHOST@-c++" GXX="${_atheria_tools}/bin/@CHOST@-g++"
export CXX_FOR_BUILD="${CXX}"
export CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${CFLAGS}"
export DEBUG_CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${DEBUG_CFLAGS}"
unset _atheria_tools

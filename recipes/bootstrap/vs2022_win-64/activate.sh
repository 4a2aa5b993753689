# Names the compilers and their flags for configure scripts, make and CMake. CONDA_PREFIX is the environment the compilers are in;
# while a package is built or tested, PREFIX is the one it is compiled for, all of it in Library.
_atheria_host="x86_64-w64-mingw32"
_atheria_prefix="${PREFIX:-${CONDA_PREFIX}}/Library"
. "${CONDA_PREFIX}/libexec/zig/activate.sh"
export CC="${_atheria_tool}-cc" CXX="${_atheria_tool}-c++"
export DLLTOOL="${_atheria_tool}-dlltool" RC="${_atheria_tool}-rc"
export CPPFLAGS="-DNDEBUG -O2 -isystem ${_atheria_prefix}/include"
export CFLAGS="-ftree-vectorize -O2 -isystem ${_atheria_prefix}/include ${_atheria_map}"
export CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${CFLAGS}"
export LDFLAGS="-L${_atheria_prefix}/lib"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  export CMAKE_ARGS="-DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64 -DCMAKE_DLLTOOL=${DLLTOOL} -DCMAKE_RC_COMPILER=${RC} ${_atheria_cmake}"
fi
if [ -z "${CROSSCOMPILING_EMULATOR:-}" ] && "${_atheria_tool}-emulator" --available; then
  export CROSSCOMPILING_EMULATOR="${_atheria_tool}-emulator" WINEPREFIX="${WINEPREFIX:-${SRC_DIR:-${PWD}}/.wine}"
fi
if [ "${CONDA_BUILD:-0}" = "1" ] && [ -n "${CROSSCOMPILING_EMULATOR:-}" ]; then
  export CMAKE_ARGS="${CMAKE_ARGS} -DCMAKE_CROSSCOMPILING_EMULATOR=${CROSSCOMPILING_EMULATOR}"
fi
unset _atheria_host _atheria_tool _atheria_prefix _atheria_map _atheria_cmake

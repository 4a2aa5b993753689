# Names the compilers and their flags for configure scripts, make and CMake. CONDA_PREFIX is the environment the compilers are in;
# while a package is built or tested, PREFIX is the one it is compiled for, all of it in Library.
_atheria_tool="${CONDA_PREFIX}/bin/x86_64-w64-mingw32"
_atheria_prefix="${PREFIX:-${CONDA_PREFIX}}/Library"
_atheria_map=""
if [ "${CONDA_BUILD:-0}" = "1" ] && [ -n "${SRC_DIR:-}" ]; then
  _atheria_map="-ffile-prefix-map=${SRC_DIR}=/usr/local/src/conda/${PKG_NAME}-${PKG_VERSION} -ffile-prefix-map=${_atheria_prefix}=/usr/local/src/conda-prefix"
fi
# A cache of this build's own, with the libraries that every program needs already in it.
if [ -z "${ZIG_GLOBAL_CACHE_DIR:-}" ]; then
  export ZIG_GLOBAL_CACHE_DIR="${SRC_DIR:-${PWD}}/.zig-cache"
  mkdir -p "${ZIG_GLOBAL_CACHE_DIR}"
  cp -R "${CONDA_PREFIX}/share/zig/ready/." "${ZIG_GLOBAL_CACHE_DIR}/"
fi
export HOST="x86_64-w64-mingw32" BUILD="x86_64-conda-linux-gnu" CONDA_TOOLCHAIN_HOST="x86_64-w64-mingw32" CONDA_TOOLCHAIN_BUILD="x86_64-conda-linux-gnu"
export CC="${_atheria_tool}-cc" CXX="${_atheria_tool}-c++" CPP="${_atheria_tool}-cpp"
export AR="${_atheria_tool}-ar" RANLIB="${_atheria_tool}-ranlib" DLLTOOL="${_atheria_tool}-dlltool" RC="${_atheria_tool}-rc"
export CPPFLAGS="-DNDEBUG -O2 -isystem ${_atheria_prefix}/include"
export CFLAGS="-ftree-vectorize -O2 -isystem ${_atheria_prefix}/include ${_atheria_map}"
export CXXFLAGS="-fvisibility-inlines-hidden -fmessage-length=0 ${CFLAGS}"
export LDFLAGS="-L${_atheria_prefix}/lib"
export CMAKE_PREFIX_PATH="${_atheria_prefix}:${CONDA_PREFIX}"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  # Libraries and headers come from the prefix, never from the machine; programs from PATH.
  export CMAKE_ARGS="-DCMAKE_SYSTEM_NAME=Windows -DCMAKE_SYSTEM_PROCESSOR=AMD64 -DCMAKE_AR=${AR} -DCMAKE_RANLIB=${RANLIB} -DCMAKE_DLLTOOL=${DLLTOOL} -DCMAKE_RC_COMPILER=${RC} -DCMAKE_BUILD_TYPE=Release -DCMAKE_FIND_ROOT_PATH=${_atheria_prefix} -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_INSTALL_PREFIX=${_atheria_prefix} -DCMAKE_INSTALL_LIBDIR=lib"
fi
if [ -z "${CROSSCOMPILING_EMULATOR:-}" ] && "${_atheria_tool}-emulator" --available; then
  export CROSSCOMPILING_EMULATOR="${_atheria_tool}-emulator" WINEPREFIX="${WINEPREFIX:-${SRC_DIR:-${PWD}}/.wine}"
fi
if [ "${CONDA_BUILD:-0}" = "1" ] && [ -n "${CROSSCOMPILING_EMULATOR:-}" ]; then
  export CMAKE_ARGS="${CMAKE_ARGS} -DCMAKE_CROSSCOMPILING_EMULATOR=${CROSSCOMPILING_EMULATOR}"
fi
unset _atheria_tool _atheria_prefix _atheria_map

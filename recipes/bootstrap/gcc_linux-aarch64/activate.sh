# Names the C compiler and its flags for configure scripts, make and CMake. CONDA_PREFIX is the environment the compiler is in;
# while a package is built or tested, PREFIX is the one it is compiled for.
_atheria_tool="${CONDA_PREFIX}/bin/aarch64-conda-linux-gnu"
_atheria_prefix="${PREFIX:-${CONDA_PREFIX}}"
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
export HOST="aarch64-conda-linux-gnu" BUILD="x86_64-conda-linux-gnu" CONDA_TOOLCHAIN_HOST="aarch64-conda-linux-gnu" CONDA_TOOLCHAIN_BUILD="x86_64-conda-linux-gnu"
export CONDA_BUILD_SYSROOT="${CONDA_PREFIX}/aarch64-conda-linux-gnu/sysroot"
export CC="${_atheria_tool}-cc" GCC="${_atheria_tool}-gcc" CPP="${_atheria_tool}-cpp"
export AR="${_atheria_tool}-ar" RANLIB="${_atheria_tool}-ranlib" LD="${_atheria_tool}-ld"
export CPPFLAGS="-DNDEBUG -D_FORTIFY_SOURCE=2 -O2 -isystem ${_atheria_prefix}/include"
export CFLAGS="-ftree-vectorize -fPIC -fstack-protector-strong -O2 -ffunction-sections -isystem ${_atheria_prefix}/include ${_atheria_map}"
export LDFLAGS="-Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--gc-sections -Wl,--allow-shlib-undefined -Wl,-rpath,${_atheria_prefix}/lib -L${_atheria_prefix}/lib"
export CMAKE_PREFIX_PATH="${_atheria_prefix}:${CONDA_PREFIX}"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  # Libraries and headers come from the prefix, never from the machine; programs from PATH.
  export CMAKE_ARGS="-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_AR=${AR} -DCMAKE_RANLIB=${RANLIB} -DCMAKE_LINKER=${LD} -DCMAKE_BUILD_TYPE=Release -DCMAKE_FIND_ROOT_PATH=${_atheria_prefix} -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_INSTALL_PREFIX=${_atheria_prefix} -DCMAKE_INSTALL_LIBDIR=lib"
fi
if [ -z "${CROSSCOMPILING_EMULATOR:-}" ] && "${_atheria_tool}-emulator" --available; then
  export CROSSCOMPILING_EMULATOR="${_atheria_tool}-emulator"
fi
if [ "${CONDA_BUILD:-0}" = "1" ] && [ -n "${CROSSCOMPILING_EMULATOR:-}" ]; then
  export CMAKE_ARGS="${CMAKE_ARGS} -DCMAKE_CROSSCOMPILING_EMULATOR=${CROSSCOMPILING_EMULATOR}"
fi
unset _atheria_tool _atheria_prefix _atheria_map

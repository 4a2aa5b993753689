# Names the C compiler and its flags for configure scripts, make and CMake. CONDA_PREFIX is the environment the compiler is in;
# while a package is built or tested, PREFIX is the one it is compiled for.
_atheria_tool="${CONDA_PREFIX}/bin/arm64-apple-darwin20.0.0"
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
export HOST="arm64-apple-darwin20.0.0" BUILD="x86_64-conda-linux-gnu" CONDA_TOOLCHAIN_HOST="arm64-apple-darwin20.0.0" CONDA_TOOLCHAIN_BUILD="x86_64-conda-linux-gnu"
export CC="${_atheria_tool}-cc" CLANG="${_atheria_tool}-clang" CPP="${_atheria_tool}-cpp"
export AR="${_atheria_tool}-ar" RANLIB="${_atheria_tool}-ranlib"
export CPPFLAGS="-DNDEBUG -O2 -isystem ${_atheria_prefix}/include"
export CFLAGS="-ftree-vectorize -fPIC -fstack-protector-strong -O2 -isystem ${_atheria_prefix}/include ${_atheria_map}"
export LDFLAGS="-Wl,-headerpad_max_install_names -Wl,-dead_strip_dylibs -L${_atheria_prefix}/lib"
export CMAKE_PREFIX_PATH="${_atheria_prefix}:${CONDA_PREFIX}"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  # Libraries and headers come from the prefix, never from the machine; programs from PATH. Nothing here can edit a Mach-O file
  # (install_name_tool), so that rpaths are linked as they are installed.
  export CMAKE_ARGS="-DCMAKE_SYSTEM_NAME=Darwin -DCMAKE_SYSTEM_PROCESSOR=arm64 -DCMAKE_OSX_DEPLOYMENT_TARGET=${MACOSX_DEPLOYMENT_TARGET} -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DCMAKE_INSTALL_NAME_TOOL=install_name_tool-is-not-here -DCMAKE_AR=${AR} -DCMAKE_RANLIB=${RANLIB} -DCMAKE_BUILD_TYPE=Release -DCMAKE_FIND_ROOT_PATH=${_atheria_prefix} -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_INSTALL_PREFIX=${_atheria_prefix} -DCMAKE_INSTALL_LIBDIR=lib"
fi
unset _atheria_tool _atheria_prefix _atheria_map

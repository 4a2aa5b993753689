# Sourced by the activation of every compiler that is made of zig, which names in _atheria_host its platform, as its tools have it in
# their names, and in _atheria_prefix where what it compiles for lies. Answers _atheria_tool (the beginning of its tools' names),
# _atheria_map (flags that keep the folders of a build out of what it makes) and _atheria_cmake (what CMake is told on any platform).
_atheria_tool="${CONDA_PREFIX}/bin/${_atheria_host}"
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
export HOST="${_atheria_host}" BUILD="x86_64-conda-linux-gnu" CONDA_TOOLCHAIN_HOST="${_atheria_host}" CONDA_TOOLCHAIN_BUILD="x86_64-conda-linux-gnu"
export CPP="${_atheria_tool}-cpp" AR="${_atheria_tool}-ar" RANLIB="${_atheria_tool}-ranlib"
export CMAKE_PREFIX_PATH="${_atheria_prefix}:${CONDA_PREFIX}"
# Libraries and headers come from the prefix, never from the machine; programs from PATH.
_atheria_cmake="-DCMAKE_AR=${AR} -DCMAKE_RANLIB=${RANLIB} -DCMAKE_BUILD_TYPE=Release -DCMAKE_FIND_ROOT_PATH=${_atheria_prefix} -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_PACKAGE=ONLY -DCMAKE_INSTALL_PREFIX=${_atheria_prefix} -DCMAKE_INSTALL_LIBDIR=lib"

# Names the C compiler and the flags conda-forge compiles with, for configure scripts, make and CMake.
# CONDA_PREFIX is the environment being activated, the one this compiler is in; while a package is built or tested, PREFIX
# is the one it is compiled for.
_atheria_tools="${CONDA_PREFIX}"
_atheria_prefix="${PREFIX:-${CONDA_PREFIX}}"
_atheria_map=""
if [ "${CONDA_BUILD:-0}" = "1" ] && [ -n "${SRC_DIR:-}" ]; then
  _atheria_map="-fdebug-prefix-map=${SRC_DIR}=/usr/local/src/conda/${PKG_NAME}-${PKG_VERSION} -fdebug-prefix-map=${_atheria_prefix}=/usr/local/src/conda-prefix"
fi
case "@CHOST@" in
  x86_64-*) _atheria_arch="-march=nocona -mtune=haswell" ;;
  *) _atheria_arch="" ;;
esac
export HOST="@CHOST@" BUILD="@CHOST@" CONDA_TOOLCHAIN_HOST="@CHOST@" CONDA_TOOLCHAIN_BUILD="@CHOST@"
export CONDA_BUILD_SYSROOT="${_atheria_tools}/@CHOST@/sysroot"
export CC="${_atheria_tools}/bin/@CHOST@-cc" GCC="${_atheria_tools}/bin/@CHOST@-gcc" CPP="${_atheria_tools}/bin/@CHOST@-cpp"
export CC_FOR_BUILD="${CC}"
export CPPFLAGS="-DNDEBUG -D_FORTIFY_SOURCE=2 -O2 -isystem ${_atheria_prefix}/include"
export CFLAGS="${_atheria_arch} -ftree-vectorize -fPIC -fstack-protector-strong -fno-plt -O2 -ffunction-sections -pipe -isystem ${_atheria_prefix}/include ${_atheria_map}"
export DEBUG_CFLAGS="${_atheria_arch} -ftree-vectorize -fPIC -fstack-protector-all -fno-plt -Og -g -Wall -Wextra -fvar-tracking-assignments -ffunction-sections -pipe -isystem ${_atheria_prefix}/include ${_atheria_map}"
export LDFLAGS="-Wl,-O2 -Wl,--sort-common -Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--disable-new-dtags -Wl,--gc-sections -Wl,--allow-shlib-undefined -Wl,-rpath,${_atheria_prefix}/lib -Wl,-rpath-link,${_atheria_prefix}/lib -L${_atheria_prefix}/lib"
export CMAKE_PREFIX_PATH="${_atheria_prefix}:${_atheria_tools}"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  # Libraries and headers come from the prefix, never from the machine; programs from PATH.
  export CMAKE_ARGS="-DCMAKE_AR=${_atheria_tools}/bin/@CHOST@-ar -DCMAKE_RANLIB=${_atheria_tools}/bin/@CHOST@-ranlib -DCMAKE_LINKER=${_atheria_tools}/bin/@CHOST@-ld -DCMAKE_STRIP=${_atheria_tools}/bin/@CHOST@-strip -DCMAKE_BUILD_TYPE=Release -DCMAKE_FIND_ROOT_PATH_MODE_PROGRAM=NEVER -DCMAKE_FIND_ROOT_PATH_MODE_LIBRARY=ONLY -DCMAKE_FIND_ROOT_PATH_MODE_INCLUDE=ONLY -DCMAKE_FIND_ROOT_PATH=${_atheria_prefix};${CONDA_BUILD_SYSROOT} -DCMAKE_INSTALL_PREFIX=${_atheria_prefix} -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_PROGRAM_PATH=${_atheria_tools}/bin;${_atheria_prefix}/bin"
fi
unset _atheria_tools _atheria_prefix _atheria_map _atheria_arch

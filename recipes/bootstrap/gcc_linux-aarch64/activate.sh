# Names the C compiler and its flags for configure scripts, make and CMake. CONDA_PREFIX is the environment the compiler is in;
# while a package is built or tested, PREFIX is the one it is compiled for.
_atheria_host="aarch64-conda-linux-gnu"
_atheria_prefix="${PREFIX:-${CONDA_PREFIX}}"
. "${CONDA_PREFIX}/libexec/zig/activate.sh"
export CONDA_BUILD_SYSROOT="${CONDA_PREFIX}/aarch64-conda-linux-gnu/sysroot"
export CC="${_atheria_tool}-cc" GCC="${_atheria_tool}-gcc"
export LD="${_atheria_tool}-ld"
export CPPFLAGS="-DNDEBUG -D_FORTIFY_SOURCE=2 -O2 -isystem ${_atheria_prefix}/include"
export CFLAGS="-ftree-vectorize -fPIC -fstack-protector-strong -O2 -ffunction-sections -isystem ${_atheria_prefix}/include ${_atheria_map}"
export LDFLAGS="-Wl,--as-needed -Wl,-z,relro -Wl,-z,now -Wl,--gc-sections -Wl,--allow-shlib-undefined -Wl,-rpath,${_atheria_prefix}/lib -L${_atheria_prefix}/lib"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  export CMAKE_ARGS="-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_LINKER=${LD} ${_atheria_cmake}"
fi
if [ -z "${CROSSCOMPILING_EMULATOR:-}" ] && "${_atheria_tool}-emulator" --available; then
  export CROSSCOMPILING_EMULATOR="${_atheria_tool}-emulator"
fi
if [ "${CONDA_BUILD:-0}" = "1" ] && [ -n "${CROSSCOMPILING_EMULATOR:-}" ]; then
  export CMAKE_ARGS="${CMAKE_ARGS} -DCMAKE_CROSSCOMPILING_EMULATOR=${CROSSCOMPILING_EMULATOR}"
fi
unset _atheria_host _atheria_tool _atheria_prefix _atheria_map _atheria_cmake

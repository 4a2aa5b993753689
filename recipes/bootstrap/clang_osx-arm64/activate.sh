# Names the C compiler and its flags for configure scripts, make and CMake. CONDA_PREFIX is the environment the compiler is in;
# while a package is built or tested, PREFIX is the one it is compiled for.
_atheria_host="arm64-apple-darwin20.0.0"
_atheria_prefix="${PREFIX:-${CONDA_PREFIX}}"
. "${CONDA_PREFIX}/libexec/zig/activate.sh"
export CC="${_atheria_tool}-cc" CLANG="${_atheria_tool}-clang"
export CPPFLAGS="-DNDEBUG -O2 -isystem ${_atheria_prefix}/include"
export CFLAGS="-ftree-vectorize -fPIC -fstack-protector-strong -O2 -isystem ${_atheria_prefix}/include ${_atheria_map}"
export LDFLAGS="-Wl,-headerpad_max_install_names -Wl,-dead_strip_dylibs -L${_atheria_prefix}/lib"
if [ "${CONDA_BUILD:-0}" = "1" ]; then
  # Nothing here can edit a Mach-O file (install_name_tool), so that rpaths are linked as they are installed.
  export CMAKE_ARGS="-DCMAKE_SYSTEM_NAME=Darwin -DCMAKE_SYSTEM_PROCESSOR=arm64 -DCMAKE_OSX_DEPLOYMENT_TARGET=${MACOSX_DEPLOYMENT_TARGET} -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DCMAKE_INSTALL_NAME_TOOL=install_name_tool-is-not-here ${_atheria_cmake}"
fi
unset _atheria_host _atheria_tool _atheria_prefix _atheria_map _atheria_cmake

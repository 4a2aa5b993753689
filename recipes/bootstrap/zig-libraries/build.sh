# Links small programs and libraries in an empty cache, and keeps of it what is ready to link.
set -eu
cp -a "$LICENSES" .
export ZIG_GLOBAL_CACHE_DIR="$SRC_DIR/cache" ZIG_LOCAL_CACHE_DIR="$SRC_DIR/cache"
# The name that the compilers' wrappers give the folder of zig's sources; under another zig would not find what is made here.
exec 9< "${ZIG%/*}/lib"
export ZIG_LIB_DIR=/proc/self/fd/9
echo 'int twice(int value) { return 2 * value; }' > library.c
echo 'int main(void) { return 0; }' > program.c
cp library.c library.cpp
cp program.c program.cpp
for target in $TARGETS; do
  # The options of the compilers' wrappers: with others it would be other libraries to zig.
  for inputs in "c++ -shared -fPIC library.cpp" "c++ program.cpp" "cc -shared -fPIC library.c" "cc program.c"; do
    "$ZIG" ${inputs%% *} -target "$target" -s -fno-sanitize=undefined -O2 ${inputs#* } -o linked
  done
done
# Archives, start files and stubs are what is linked; all else only led to them.
for folder in cache/o/*; do
  if [ -z "$(find "$folder" \( -name '*.a' -o -name '*.lib' -o -name '*crt*.o*' -o -name '*.so*' \) -print -quit)" ]; then
    rm -r "$folder"
  fi
done
rm -rf cache/z cache/tmp
mkdir -p "$PREFIX/share/zig"
cp -R cache "$PREFIX/share/zig/ready"
# The stubs of glibc under the names that linking checks look for.
if [ "$PLATFORM" = "linux-aarch64" ]; then
  mkdir -p "$PREFIX/aarch64-conda-linux-gnu/sysroot/lib64"
  find cache/o -name '*.so.*' -exec cp {} "$PREFIX/aarch64-conda-linux-gnu/sysroot/lib64/" \;
fi

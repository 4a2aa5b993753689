# cmake -DINPUT=kernels.fatbin -DOUTPUT=image.cpp -DHEADER=image.hpp -P Embed.cmake: a source that defines kImage and kImageBytes as the bytes of INPUT.
#
# A source, and not an object made by the linker or assembler, because every compiler on every platform takes one, and nothing of INPUT's name
# or place gets into it.
file(READ ${INPUT} bytes HEX)
string(LENGTH "${bytes}" digits)
math(EXPR count "${digits} / 2")
if(count EQUAL 0)
  message(FATAL_ERROR "${INPUT} is empty")
endif()
string(REPEAT "[0-9a-f]" 64 line)
string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "// Made by the build.
#include \"${HEADER}\"

namespace atheria::gpu {
alignas(64) const unsigned char kImage[] = {
${bytes}};
const size_t kImageBytes = ${count};
}  // namespace atheria::gpu
")

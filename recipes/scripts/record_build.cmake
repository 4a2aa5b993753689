# Writes the build string and number, which exist only now that the package has its hash, into the facts of the staging build.
include(${CMAKE_CURRENT_LIST_DIR}/install.cmake)

set(facts "${install_prefix}/share/atheria/$ENV{PKG_NAME}")

function(write_facts name)
  file(READ "${facts}/${name}" text)
  foreach(blank stated IN ZIP_LISTS blanks statements)
    string(REGEX REPLACE "${blank}" "${stated}" changed "${text}")
    if(changed STREQUAL text)
      message(FATAL_ERROR "${facts}/${name} has no \"${blank}\" to fill with \"${stated}\"")
    endif()
    set(text "${changed}")
  endforeach()
  file(WRITE "${facts}/${name}" "${text}")
endfunction()

set(blanks "\"build_string\": null" "\"build_number\": null")
set(statements "\"build_string\": \"$ENV{PKG_BUILD_STRING}\"" "\"build_number\": $ENV{PKG_BUILDNUM}")
write_facts(capabilities.json)
set(blanks "build string  [^\n]*" "build number  [^\n]*")
set(statements "build string  $ENV{PKG_BUILD_STRING}" "build number  $ENV{PKG_BUILDNUM}")
write_facts(BUILD_INFO.txt)

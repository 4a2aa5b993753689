# Fails when a kernel object defines a symbol that the linker could share with another level's code.
#   cmake -DNM=nm -DOBJECTS=a.o;b.o -P check_symbols.cmake
foreach(object IN LISTS OBJECTS)
  execute_process(COMMAND ${NM} --defined-only --extern-only -C ${object}
    OUTPUT_VARIABLE text RESULT_VARIABLE result ERROR_VARIABLE errors)
  if(result)
    message(FATAL_ERROR "${NM} ${object}: ${errors}")
  endif()
  string(REGEX REPLACE "\n$" "" text "${text}")
  string(REPLACE "\n" ";" lines "${text}")
  set(tables 0)
  foreach(line IN LISTS lines)
    if(line MATCHES " T atheria::kernels::[a-z0-9]+_table\\(\\)$")
      math(EXPR tables "${tables} + 1")
    else()
      message(FATAL_ERROR "${object} defines \"${line}\": give it internal linkage, a level exports only its table; "
        "an inline function compiled for AVX-512 could become the copy that a baseline caller runs")
    endif()
  endforeach()
  if(NOT tables EQUAL 1)
    message(FATAL_ERROR "${object} exports ${tables} tables, expected one")
  endif()
endforeach()

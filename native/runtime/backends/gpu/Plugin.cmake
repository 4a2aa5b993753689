# atheria_gpu_plugin(NAME IMAGE): a plugin of backends/gpu's host code, platform.cpp of the calling folder, and the compiled kernels in IMAGE.
set(ATHERIA_GPU_FOLDER ${CMAKE_CURRENT_LIST_DIR})
file(GLOB ATHERIA_GPU_KERNELS CONFIGURE_DEPENDS ${ATHERIA_GPU_FOLDER}/kernels/* ${ATHERIA_GPU_FOLDER}/dialects/*)

function(atheria_gpu_plugin name image)
  set(target atheria_backend_${name})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/image.cpp)
  add_custom_command(OUTPUT ${source} COMMENT "Embedding the kernels of ${name}" VERBATIM
    COMMAND ${CMAKE_COMMAND} -DINPUT=${image} -DOUTPUT=${source} -DHEADER=${name}/image.hpp -P ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake
    DEPENDS ${image} ${PROJECT_SOURCE_DIR}/cmake/Embed.cmake)
  # A backend whose driver is not in C has the calls in a file of its own.
  set(driver ${ATHERIA_GPU_FOLDER}/driver.cpp)
  if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/driver.cpp)
    set(driver driver.cpp)
  endif()
  file(GLOB ops CONFIGURE_DEPENDS ${ATHERIA_GPU_FOLDER}/ops/*.cpp)
  add_library(${target} ${ATHERIA_PLUGIN_KIND} platform.cpp ${source} ${ATHERIA_GPU_FOLDER}/plugin.cpp ${ATHERIA_GPU_FOLDER}/device.cpp ${driver}
    ${ATHERIA_GPU_FOLDER}/driver_library.cpp ${ATHERIA_GPU_FOLDER}/ops.cpp ${ops})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${ATHERIA_GPU_FOLDER}/.. ${CMAKE_CURRENT_BINARY_DIR}/generated)
  target_compile_definitions(${target} PRIVATE ATH_BUILDING_LIBRARY ATH_BACKEND_VERSION="${PROJECT_VERSION}")
  if(NOT CMAKE_BUILD_TYPE STREQUAL Debug)
    target_compile_options(${target} PRIVATE -Os)  # the work is in the kernels
  endif()
  target_link_libraries(${target} PRIVATE atheria_flags ${CMAKE_DL_LIBS})
  atheria_exports(${target} ${ATHERIA_GPU_FOLDER}/exports.txt)
  set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/backends)
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/atheria/backends COMPONENT runtime)
endfunction()

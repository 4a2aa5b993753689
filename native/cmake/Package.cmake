# atheria_package(...): installs a library as two packages: NAME (library, facts) and NAME-dev (headers, CMake config, .pc).
#
#   atheria_package(TARGET atheria_runtime NAME runtime DESCRIPTION "..." BACKENDS ... HEADERS ... REQUIRES runtime)
#
# Gives the target atheria::NAME to find_package(atheria-NAME) and `pkg-config atheria-NAME`; both find everything relative to themselves.
include(CMakePackageConfigHelpers)

function(atheria_package)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;NAME;DESCRIPTION" "HEADERS;REQUIRES;BACKENDS")
  set(package libatheria-${arg_NAME})
  set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/atheria-${arg_NAME})
  set(work ${PROJECT_BINARY_DIR}/package/${arg_NAME})

  set_target_properties(${arg_TARGET} PROPERTIES EXPORT_NAME ${arg_NAME})
  install(TARGETS ${arg_TARGET} EXPORT atheria-${arg_NAME}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${arg_NAME} NAMELINK_COMPONENT ${arg_NAME}-dev
    RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT ${arg_NAME}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${arg_NAME}-dev
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(FILES ${arg_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/atheria COMPONENT ${arg_NAME}-dev)

  install(EXPORT atheria-${arg_NAME} NAMESPACE atheria:: FILE atheria-${arg_NAME}-targets.cmake
    DESTINATION ${config_folder} COMPONENT ${arg_NAME}-dev)
  set(ATHERIA_PACKAGE_DEPENDENCIES "")
  set(ATHERIA_PACKAGE_PC_REQUIRES "")
  foreach(required IN LISTS arg_REQUIRES)
    string(APPEND ATHERIA_PACKAGE_DEPENDENCIES "find_dependency(atheria-${required} ${PROJECT_VERSION})\n")
    list(APPEND ATHERIA_PACKAGE_PC_REQUIRES "atheria-${required} >= ${PROJECT_VERSION}")
  endforeach()
  list(JOIN ATHERIA_PACKAGE_PC_REQUIRES ", " ATHERIA_PACKAGE_PC_REQUIRES)
  set(ATHERIA_PACKAGE_NAME ${arg_NAME})
  set(ATHERIA_PACKAGE_DESCRIPTION ${arg_DESCRIPTION})
  configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/package-config.cmake.in ${work}/atheria-${arg_NAME}-config.cmake
    INSTALL_DESTINATION ${config_folder} NO_SET_AND_CHECK_MACRO)
  # 0.x: a minor version may break, as the SONAME (0.1) says.
  write_basic_package_version_file(${work}/atheria-${arg_NAME}-config-version.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${work}/atheria-${arg_NAME}-config.cmake ${work}/atheria-${arg_NAME}-config-version.cmake
    DESTINATION ${config_folder} COMPONENT ${arg_NAME}-dev)

  file(RELATIVE_PATH pc_to_prefix /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/package.pc.in ${work}/atheria-${arg_NAME}.pc @ONLY)
  install(FILES ${work}/atheria-${arg_NAME}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT ${arg_NAME}-dev)

  atheria_build_facts(facts)
  atheria_json_list(backends ${arg_BACKENDS})
  atheria_json_text(build_string "${ATHERIA_CONDA_BUILD_STRING}")
  set(build_number null)
  if(NOT ATHERIA_CONDA_BUILD_NUMBER STREQUAL "")
    set(build_number ${ATHERIA_CONDA_BUILD_NUMBER})
  endif()
  set(text "{
  \"format\": 1,
  \"package\": \"${package}\",
  \"build_string\": ${build_string},
  \"build_number\": ${build_number},
${facts},
  \"backends\": ${backends}
}
")
  file(CONFIGURE OUTPUT ${work}/capabilities.json CONTENT "${text}" @ONLY)
  list(JOIN ATHERIA_CPU_LEVELS ", " levels)
  list(JOIN arg_BACKENDS ", " backends_text)
  list(JOIN facts_flags " " flags_text)
  foreach(fact ATHERIA_COMMIT ATHERIA_DATE ATHERIA_CONDA_BUILD_STRING ATHERIA_CONDA_BUILD_NUMBER)
    set(${fact}_text "${${fact}}")
    if(${fact}_text STREQUAL "")
      set(${fact}_text "not recorded")
    endif()
  endforeach()
  set(text "${package} ${PROJECT_VERSION}: ${arg_DESCRIPTION}

build string  ${ATHERIA_CONDA_BUILD_STRING_text}
build number  ${ATHERIA_CONDA_BUILD_NUMBER_text}
ABI           ${ATHERIA_ABI_VERSION}
accelerator   ${ATHERIA_ACCEL}
platform      ${ATHERIA_PLATFORM}
compiler      ${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}
flags         ${flags_text}
CPU levels    ${levels}
backends      ${backends_text}
cuda          ${ATHERIA_CUDA_TEXT}
rocm          ${ATHERIA_HIP_TEXT}
metal         ${ATHERIA_METAL_TEXT}
commit        ${ATHERIA_COMMIT_text}
date          ${ATHERIA_DATE_text}

capabilities.json beside this file says the same to programs.
")
  string(REGEX REPLACE "(cuda|rocm|metal) +\n" "" text "${text}")
  if(NOT arg_BACKENDS)
    string(REGEX REPLACE "backends [^\n]*\n" "" text "${text}")
  endif()
  file(CONFIGURE OUTPUT ${work}/BUILD_INFO.txt CONTENT "${text}" @ONLY)
  install(FILES ${work}/capabilities.json ${work}/BUILD_INFO.txt
    DESTINATION ${CMAKE_INSTALL_DATADIR}/atheria/${package} COMPONENT ${arg_NAME})
endfunction()

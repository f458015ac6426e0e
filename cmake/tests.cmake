# SPDX-License-Identifier: MIT
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)

# Tests see the insides: they link the objects, not the library.
function(devp2p_program name)
  add_executable(${name} ${ARGN})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src
    ${CMAKE_SOURCE_DIR}/test)
  target_link_libraries(${name} PRIVATE devp2p_objects PkgConfig::CMOCKA)
endfunction()

# x_test.c beside its source, and scenarios in test/.
file(GLOB unit_tests CONFIGURE_DEPENDS src/*/*_test.c test/*_test.c)
foreach(source ${unit_tests})
  get_filename_component(name ${source} NAME_WE)
  devp2p_program(${name} ${source})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endforeach()

# One runner replays whole vector files.
file(GLOB vector_sources CONFIGURE_DEPENDS test/vector_*.c)
devp2p_program(vectors ${vector_sources})
target_link_libraries(vectors PRIVATE PkgConfig::JANSSON)
add_test(NAME vectors COMMAND vectors ${CMAKE_SOURCE_DIR}/test/vectors)

# x_fuzz.c: with libFuzzer, or a program that replays the corpus.
file(GLOB fuzz_targets CONFIGURE_DEPENDS src/*/*_fuzz.c)
foreach(source ${fuzz_targets})
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "_fuzz" "" corpus ${name})
  if(DEVP2P_FUZZ)
    devp2p_program(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    devp2p_program(${name} ${source} ${CMAKE_SOURCE_DIR}/test/replay.c)
    add_test(NAME ${name}
      COMMAND ${name} ${CMAKE_SOURCE_DIR}/test/corpus/${corpus})
  endif()
endforeach()

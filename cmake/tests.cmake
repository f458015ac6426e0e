# SPDX-License-Identifier: MIT
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

# Tests see the insides: they link the objects, not the library.
add_library(test_log OBJECT ${CMAKE_SOURCE_DIR}/test/test_log.c)
target_include_directories(test_log PRIVATE ${CMAKE_SOURCE_DIR}/include)
function(devp2p_program name)
  add_executable(${name} ${ARGN} $<TARGET_OBJECTS:test_log>)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/src
    ${CMAKE_SOURCE_DIR}/test)
  target_link_libraries(${name} PRIVATE devp2p_objects PkgConfig::CMOCKA)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
endfunction()

# devp2p_test adds a test with a label and the options of the sanitizers.  What
# the library logs in it is looked through when all are done.
set(logs ${CMAKE_BINARY_DIR}/logs)
function(devp2p_test name label)
  add_test(NAME ${name} COMMAND ${ARGN} COMMAND_EXPAND_LISTS)
  set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT 300
    FIXTURES_REQUIRED logs ENVIRONMENT "DEVP2P_LOGS=${logs};ASAN_OPTIONS=strict_string_checks=1:detect_stack_use_after_return=1;UBSAN_OPTIONS=print_stacktrace=1;TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1")
endfunction()

function(devp2p_check name label)
  devp2p_test(${name} ${label}
    Python3::Interpreter ${CMAKE_SOURCE_DIR}/tools/${name}.py ${ARGN})
endfunction()

# Before the tests old logs go; after the last, no test key stands in one.
add_test(NAME clear_logs COMMAND Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/tools/traces.py --logs ${logs} --clear)
add_test(NAME traces COMMAND Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/tools/traces.py --logs ${logs} --output
  ${CMAKE_BINARY_DIR}/Testing/Temporary/LastTest.log.tmp)
set_tests_properties(clear_logs PROPERTIES LABELS checks FIXTURES_SETUP logs)
set_tests_properties(traces PROPERTIES LABELS checks FIXTURES_CLEANUP logs)

# x_test.c beside its source, and scenarios in test/.  The label is the folder;
# "threads" are those that ThreadSanitizer has a reason to watch.
add_custom_target(threads)
file(GLOB unit_tests CONFIGURE_DEPENDS src/*/*_test.c test/*_test.c)
foreach(source ${unit_tests})
  get_filename_component(name ${source} NAME_WE)
  cmake_path(GET source PARENT_PATH folder)
  cmake_path(GET folder FILENAME folder)
  devp2p_program(${name} ${source})
  if(folder MATCHES "^(server|os|sim|test)$")
    devp2p_test(${name} "${folder};threads" ${name})
    add_dependencies(threads ${name})
  else()
    devp2p_test(${name} ${folder} ${name})
  endif()
endforeach()

# The same scripts of servers with two loops; they run in the simulated world.
foreach(name dialer handler info keys_ahead known_peers late life memory_faults
    peer_book priority send stop traffic unfold watch)
  set(source ${CMAKE_SOURCE_DIR}/src/server/${name}_test.c)
  devp2p_program(${name}_loops_test ${source})
  target_compile_definitions(${name}_loops_test PRIVATE NET_LOOPS=2)
  devp2p_test(${name}_loops_test server ${name}_loops_test)
endforeach()

# The system calls that os_faults_test.c has a function in the place of.
foreach(call socket bind listen accept4 connect getsockopt recv send
    pthread_create RAND_bytes)
  target_link_options(os_faults_test PRIVATE -Wl,--wrap=${call})
endforeach()

# Without the proxy that it needs it is skipped, and says so.
set_tests_properties(microsocks_test PROPERTIES SKIP_RETURN_CODE 77)

# One runner replays whole vector files.
file(GLOB vector_sources CONFIGURE_DEPENDS test/vector_*.c)
devp2p_program(vectors ${vector_sources})
target_link_libraries(vectors PRIVATE PkgConfig::JANSSON)
devp2p_test(vectors vectors vectors ${CMAKE_SOURCE_DIR}/test/vectors)

# x_fuzz.c: with libFuzzer, or a program that replays the corpus.
add_custom_target(fuzzers)
file(GLOB fuzz_targets CONFIGURE_DEPENDS src/*/*_fuzz.c)
foreach(source ${fuzz_targets})
  get_filename_component(name ${source} NAME_WE)
  string(REPLACE "_fuzz" "" corpus ${name})
  if(DEVP2P_FUZZ)
    devp2p_program(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  else()
    devp2p_program(${name} ${source} ${CMAKE_SOURCE_DIR}/test/replay.c)
    devp2p_test(${name} corpus ${name} ${CMAKE_SOURCE_DIR}/test/corpus/${corpus})
  endif()
  add_dependencies(fuzzers ${name})
endforeach()

# What depends on the processor, as each kind of it; cpu_test says which this
# one is not, and the others are then run as what it is.
foreach(kind generic bmi avx2 avx512 vaes)
  foreach(name cpu_test keccak_test frames_test)
    devp2p_test(${name}_${kind} crypto ${CMAKE_COMMAND} -E env
      DEVP2P_CPU=${kind} $<TARGET_FILE:${name}>)
  endforeach()
  set_tests_properties(cpu_test_${kind} PROPERTIES SKIP_RETURN_CODE 77)
  devp2p_test(vectors_${kind} vectors ${CMAKE_COMMAND} -E env
    DEVP2P_CPU=${kind} $<TARGET_FILE:vectors> ${CMAKE_SOURCE_DIR}/test/vectors)
  if(NOT DEVP2P_FUZZ)
    devp2p_test(frames_fuzz_${kind} corpus ${CMAKE_COMMAND} -E env
      DEVP2P_CPU=${kind} $<TARGET_FILE:frames_fuzz>
      ${CMAKE_SOURCE_DIR}/test/corpus/frames)
  endif()
endforeach()

# A table of 32 fields compiles, one of 33 does not.
foreach(more "" -DONE_MORE)
  devp2p_test(rlp_fields${more} rlp ${CMAKE_C_COMPILER} -std=c11 -fsyntax-only
    ${more} -I${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/test/rlp_fields.c)
endforeach()
set_tests_properties(rlp_fields-DONE_MORE PROPERTIES
  PASS_REGULAR_EXPRESSION "an RLP table has at most 32 fields")

# The tool, with sanitizers and as it is shipped.
devp2p_test(cli "cli;artefacts" Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/test/cli.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})

foreach(name status request own_loop tutorial gossip_sim)
  devp2p_test(${name} "examples;artefacts" Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/test/${name}.py ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})
endforeach()

# Seeds that once found a bug.
devp2p_test(seeds sim Python3::Interpreter ${CMAKE_SOURCE_DIR}/test/seeds.py
  ${CMAKE_RUNTIME_OUTPUT_DIRECTORY})

devp2p_test(man "cli" Python3::Interpreter ${CMAKE_SOURCE_DIR}/test/man.py
  ${CMAKE_RUNTIME_OUTPUT_DIRECTORY} ${CMAKE_BINARY_DIR}/man)

# Checks of the source, and of what a release build makes of it.
devp2p_check(tidy checks)
devp2p_check(headers checks)
devp2p_check(docs checks)
devp2p_check(from_go checks)
devp2p_check(promises checks --build ${CMAKE_BINARY_DIR})
if(CMAKE_BUILD_TYPE STREQUAL Release AND NOT DEVP2P_SANITIZE)
  devp2p_check(purity artefacts $<TARGET_OBJECTS:devp2p_objects>)
  devp2p_check(exports artefacts $<TARGET_FILE:devp2p_shared>
    $<TARGET_FILE:devp2p_static>)
  devp2p_check(hardening artefacts $<TARGET_FILE:devp2p_shared>
    $<TARGET_FILE:devp2p_static> $<TARGET_FILE:devp2p_tool>
    $<TARGET_FILE:foobar>)
  devp2p_check(install artefacts ${CMAKE_BINARY_DIR})

  # A seed is the same run in this build and in those that are there.
  devp2p_check(determinism artefacts ${CMAKE_BINARY_DIR}
    ${CMAKE_SOURCE_DIR}/build/dev ${CMAKE_SOURCE_DIR}/build/clang)
  set_tests_properties(determinism PROPERTIES TIMEOUT 600)

  # It records secrets on the way between files of the library, and looks for
  # what is left of them.
  devp2p_program(talk test/remnants/talk.c test/remnants/record.c)
  foreach(name dp_ec_draw dp_spares_made dp_spares_serve dp_tokens_keep
      dp_secp_ecdh devp2p_keccak256 dp_handshake_take dp_dir_fini
      EVP_EncryptInit_ex2 EVP_MAC_init)
    target_link_options(talk PRIVATE -Wl,--wrap=${name})
  endforeach()
  devp2p_check(remnants artefacts $<TARGET_FILE:talk>)

  # Without valgrind the check says so, and fails.
  find_path(VALGRIND_INCLUDE valgrind/memcheck.h)
  if(VALGRIND_INCLUDE)
    devp2p_program(secret_time test/timing/secret_time.c
      test/timing/declassify.c)
    foreach(name dp_equal_secret dp_secp_recover EVP_EncryptUpdate
        dp_cipher_stream secp256k1_ecdh
        secp256k1_ec_pubkey_create secp256k1_ecdsa_sign_recoverable)
      target_link_options(secret_time PRIVATE -Wl,--wrap=${name})
    endforeach()
    devp2p_check(constant_time artefacts $<TARGET_FILE:secret_time>)
  else()
    devp2p_check(constant_time artefacts)
  endif()
endif()

add_subdirectory(test/interop)

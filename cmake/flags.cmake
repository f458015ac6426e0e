# SPDX-License-Identifier: MIT
# Warnings, sanitizers, hardening.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)
include(CheckPIESupported)
check_pie_supported(LANGUAGES C)

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wsign-conversion -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
  -fno-omit-frame-pointer -fstack-protector-strong -fno-strict-aliasing)
add_compile_definitions(_POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)

if(DEVP2P_WERROR)
  add_compile_options(-Werror)
endif()
if(DEVP2P_SANITIZE)
  add_compile_options(-fsanitize=${DEVP2P_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${DEVP2P_SANITIZE})
endif()
if(DEVP2P_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(DEVP2P_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()

# What a processor or a linker does not know is left out.
foreach(flag -fstack-clash-protection -fcf-protection)
  string(MAKE_C_IDENTIFIER have${flag} have)
  check_c_compiler_flag(${flag} ${have})
  if(${have})
    add_compile_options(${flag})
  endif()
endforeach()
foreach(flag relro now noexecstack)
  check_linker_flag(C -Wl,-z,${flag} have_z_${flag})
  if(have_z_${flag})
    add_link_options(-Wl,-z,${flag})
  endif()
endforeach()
check_linker_flag(C -Wl,--as-needed have_as_needed)
if(have_as_needed)
  add_link_options(-Wl,--as-needed)
endif()
if(NOT DEVP2P_SANITIZE)
  add_compile_options(
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE>
    $<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-D_FORTIFY_SOURCE=2>)
endif()

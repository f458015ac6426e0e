# SPDX-License-Identifier: MIT
# What the library links: read by its own build, and by a program that links
# devp2p::static.
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
find_dependency(Threads)
pkg_check_modules(DEVP2P_CRYPTO REQUIRED IMPORTED_TARGET libcrypto>=3.0)
pkg_check_modules(DEVP2P_SECP REQUIRED IMPORTED_TARGET libsecp256k1>=0.2)
pkg_check_modules(DEVP2P_UV REQUIRED IMPORTED_TARGET libuv>=1.44)
find_library(DEVP2P_SNAPPY_LIBRARY snappy REQUIRED)
if(NOT TARGET devp2p::snappy)
  add_library(devp2p::snappy UNKNOWN IMPORTED)
  set_target_properties(devp2p::snappy PROPERTIES
    IMPORTED_LOCATION ${DEVP2P_SNAPPY_LIBRARY})
endif()
set(DEVP2P_LIBRARIES PkgConfig::DEVP2P_CRYPTO PkgConfig::DEVP2P_SECP
  PkgConfig::DEVP2P_UV devp2p::snappy Threads::Threads)

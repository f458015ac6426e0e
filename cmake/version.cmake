# SPDX-License-Identifier: MIT
# The version, from its one place: the public header.  Before 1.0 a new minor
# version may break the ABI, from then on a new major one: that part of the
# version is in the soname.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  include/devp2p/base.h)
file(STRINGS include/devp2p/base.h lines
  REGEX "^#define DEVP2P_VERSION_(MAJOR|MINOR|PATCH) [0-9]+$")
list(TRANSFORM lines REPLACE ".* " "")
list(JOIN lines "." DEVP2P_VERSION)
if(NOT DEVP2P_VERSION MATCHES "^([0-9]+)\\.([0-9]+)\\.[0-9]+$")
  message(FATAL_ERROR "no version in include/devp2p/base.h")
endif()
if(CMAKE_MATCH_1 EQUAL 0)
  set(DEVP2P_SOVERSION 0.${CMAKE_MATCH_2})
  set(DEVP2P_COMPATIBILITY SameMinorVersion)
else()
  set(DEVP2P_SOVERSION ${CMAKE_MATCH_1})
  set(DEVP2P_COMPATIBILITY SameMajorVersion)
endif()

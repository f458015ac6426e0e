# SPDX-License-Identifier: MIT
# find_package(devp2p) offers devp2p::devp2p, the shared library;
# find_package(devp2p COMPONENTS static) devp2p::static too, and finds what that
# has to be linked with.
include(${CMAKE_CURRENT_LIST_DIR}/devp2p-shared.cmake)
foreach(component ${devp2p_FIND_COMPONENTS})
  if(component STREQUAL static)
    include(${CMAKE_CURRENT_LIST_DIR}/devp2p-dependencies.cmake)
    include(${CMAKE_CURRENT_LIST_DIR}/devp2p-static.cmake)
  elseif(devp2p_FIND_REQUIRED_${component})
    set(devp2p_FOUND FALSE)
    set(devp2p_NOT_FOUND_MESSAGE "devp2p has no component ${component}")
  endif()
endforeach()

# SPDX-License-Identifier: MIT
# Headers, both libraries, the pkg-config file and the CMake package.  Unless it
# was configured with absolute folders, what is installed may be moved.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/devp2p DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN *.h)

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/devp2p)
set_target_properties(devp2p_shared PROPERTIES EXPORT_NAME devp2p)
set_target_properties(devp2p_static PROPERTIES EXPORT_NAME static)
foreach(kind shared static)
  install(TARGETS devp2p_${kind} EXPORT devp2p_${kind}
    DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT devp2p_${kind} NAMESPACE devp2p:: FILE devp2p-${kind}.cmake
    DESTINATION ${package})
endforeach()
install(FILES cmake/devp2p-config.cmake DESTINATION ${package})
install(FILES cmake/dependencies.cmake RENAME devp2p-dependencies.cmake
  DESTINATION ${package})
write_basic_package_version_file(devp2p-config-version.cmake
  COMPATIBILITY ${DEVP2P_COMPATIBILITY})
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/devp2p-config-version.cmake
  DESTINATION ${package})

set(pc_prefix ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  string(REGEX REPLACE "[^/]+" ".." up ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  set(pc_prefix "\${pcfiledir}/${up}")
endif()
foreach(folder INCLUDEDIR LIBDIR)
  string(TOLOWER pc_${folder} name)
  cmake_path(APPEND ${name} "\${prefix}" ${CMAKE_INSTALL_${folder}})
endforeach()
configure_file(cmake/devp2p.pc.in devp2p.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/devp2p.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

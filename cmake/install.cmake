# SPDX-License-Identifier: MIT
# Headers, both libraries, the pkg-config file and the CMake package.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/devp2p DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN *.h)
install(TARGETS devp2p_static DESTINATION ${CMAKE_INSTALL_LIBDIR})
set_target_properties(devp2p_shared PROPERTIES EXPORT_NAME devp2p)
install(TARGETS devp2p_shared EXPORT devp2p DESTINATION ${CMAKE_INSTALL_LIBDIR})

set(package ${CMAKE_INSTALL_LIBDIR}/cmake/devp2p)
install(EXPORT devp2p NAMESPACE devp2p:: FILE devp2p-config.cmake
  DESTINATION ${package})
write_basic_package_version_file(devp2p-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/devp2p-config-version.cmake
  DESTINATION ${package})

configure_file(cmake/devp2p.pc.in devp2p.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/devp2p.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

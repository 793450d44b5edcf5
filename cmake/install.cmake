# cmake --install: the libraries, the headers, the command, its data, and what pkg-config and CMake need to find them.
include(CMakePackageConfigHelpers)

set_target_properties(lamina_shared PROPERTIES EXPORT_NAME lamina)
set_target_properties(lamina_static PROPERTIES EXPORT_NAME static)
foreach(kind static shared)
  target_include_directories(lamina_${kind} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  # Two sets: who links the shared library need not have what the static one is linked with.
  install(TARGETS lamina_${kind} EXPORT lamina_${kind} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(EXPORT lamina_${kind} FILE lamina-${kind}.cmake NAMESPACE lamina::
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
endforeach()
target_link_libraries(lamina_static INTERFACE $<INSTALL_INTERFACE:stdc++>) # one file of the library is C++
configure_package_config_file(cmake/lamina-config.cmake.in ${CMAKE_BINARY_DIR}/lamina-config.cmake
  INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/lamina-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/lamina-config.cmake ${CMAKE_BINARY_DIR}/lamina-config-version.cmake
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/lamina)

# The prefix in lamina.pc is told from where the file is, so that an installed tree may be moved.
file(RELATIVE_PATH LM_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REPLACE ";" " " LM_PC_PACKAGES "${LM_PACKAGES}")
configure_file(cmake/lamina.pc.in ${CMAKE_BINARY_DIR}/lamina.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/lamina.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(GLOB LM_HEADERS CONFIGURE_DEPENDS include/lamina/*.h)
install(FILES ${LM_HEADERS} ${LM_GENERATED} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/lamina)
if(TARGET lamina)
  # The command tells its manual page and its completions itself.
  add_custom_command(TARGET lamina POST_BUILD
    COMMAND lamina --man > ${CMAKE_BINARY_DIR}/lamina.1
    COMMAND lamina completion bash > ${CMAKE_BINARY_DIR}/lamina.bash
    COMMAND lamina completion zsh > ${CMAKE_BINARY_DIR}/lamina.zsh
    COMMAND lamina completion fish > ${CMAKE_BINARY_DIR}/lamina.fish VERBATIM)
  install(TARGETS lamina DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${CMAKE_BINARY_DIR}/lamina.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${CMAKE_BINARY_DIR}/lamina.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
    RENAME lamina)
  install(FILES ${CMAKE_BINARY_DIR}/lamina.zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _lamina)
  install(FILES ${CMAKE_BINARY_DIR}/lamina.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
endif()
install(DIRECTORY data DESTINATION ${CMAKE_INSTALL_DATADIR}/lamina)
foreach(document README.md LICENSE NOTICE THIRD-PARTY.md CHANGELOG.md)
  install(FILES ${document} DESTINATION ${CMAKE_INSTALL_DOCDIR})
endforeach()

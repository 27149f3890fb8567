# cmake --install: the command, the public headers, the rooms as static libraries, and JunctorConfig.cmake,
# so that find_package(Junctor) gives Junctor::junctor.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(rooms)
foreach(room base json jsonata async store queue net vault auth connector webhook engine api cli)
  if(TARGET junctor_${room})
    list(APPEND rooms junctor_${room})
  endif()
endforeach()

# What a user of the library links: everything behind include/junctor/.
add_library(junctor_library INTERFACE)
set_target_properties(junctor_library PROPERTIES EXPORT_NAME junctor)
target_compile_features(junctor_library INTERFACE cxx_std_20)
target_link_libraries(junctor_library INTERFACE ${rooms})
add_library(Junctor::junctor ALIAS junctor_library)

set(config_dir "${CMAKE_INSTALL_LIBDIR}/cmake/Junctor")
install(TARGETS junctor_library ${rooms} EXPORT JunctorTargets
  ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}/junctor" COMPONENT library)
install(DIRECTORY include/junctor DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT library
  FILES_MATCHING PATTERN "*.h")
install(EXPORT JunctorTargets NAMESPACE Junctor:: DESTINATION "${config_dir}" COMPONENT library)
if(TARGET junctor)
  install(TARGETS junctor RUNTIME DESTINATION "${CMAKE_INSTALL_BINDIR}" COMPONENT command)
endif()

configure_package_config_file(cmake/JunctorConfig.cmake.in JunctorConfig.cmake
  INSTALL_DESTINATION "${config_dir}")
write_basic_package_version_file(JunctorConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/JunctorConfig.cmake"
              "${PROJECT_BINARY_DIR}/JunctorConfigVersion.cmake"
  DESTINATION "${config_dir}" COMPONENT library)

# `cmake --install build/release --prefix …` installs the queue engine as the CMake package `baton`:
# static libraries, their headers under include/baton, and the targets baton::queue_engine,
# baton::queue_store_journal and what they stand on. examples/embedded shows its use, and a test builds
# that against an installed copy.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(library_modules base model runtime db db/sqlite queue queue/engine queue/store queue/store/memory
    queue/store/sqlite queue/store/journal)
set(targets baton_options)
foreach(module IN LISTS library_modules)
    baton_target_name("${module}" name)
    string(REPLACE "/" "_" short "${module}")
    set_target_properties(${name} PROPERTIES EXPORT_NAME ${short})
    list(APPEND targets ${name})
    file(GLOB headers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${module}/*.h")
    install(FILES ${headers} DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/baton/${module}")
endforeach()
set_target_properties(baton_options PROPERTIES EXPORT_NAME options)

set(package_folder "${CMAKE_INSTALL_LIBDIR}/cmake/baton")
install(TARGETS ${targets} EXPORT baton-targets ARCHIVE DESTINATION "${CMAKE_INSTALL_LIBDIR}")
install(EXPORT baton-targets NAMESPACE baton:: DESTINATION "${package_folder}")
configure_package_config_file("${CMAKE_CURRENT_LIST_DIR}/baton-config.cmake.in"
    "${PROJECT_BINARY_DIR}/baton-config.cmake" INSTALL_DESTINATION "${package_folder}")
write_basic_package_version_file("${PROJECT_BINARY_DIR}/baton-config-version.cmake"
    COMPATIBILITY SameMinorVersion)
install(FILES "${PROJECT_BINARY_DIR}/baton-config.cmake"
    "${PROJECT_BINARY_DIR}/baton-config-version.cmake" DESTINATION "${package_folder}")

# BATON_VERSION_STRING: the tag, or the project's version plus the commit when there is no tag.
# Only files named version.cpp and the main.cpp of the programs see it, as BATON_VERSION, so that a
# commit does not recompile the world.

set(BATON_VERSION_STRING "${PROJECT_VERSION}")
find_package(Git QUIET)
if(GIT_FOUND)
    execute_process(
        COMMAND "${GIT_EXECUTABLE}" describe --tags --always --match "v*"
        WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
        OUTPUT_VARIABLE described
        OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    if(described MATCHES "^v([0-9].*)$")
        set(BATON_VERSION_STRING "${CMAKE_MATCH_1}")
    elseif(described)
        set(BATON_VERSION_STRING "${PROJECT_VERSION}+${described}")
    endif()
endif()

# baton_see_version(file …): defines BATON_VERSION for these files of the current directory.
function(baton_see_version)
    set_property(SOURCE ${ARGN} APPEND PROPERTY
        COMPILE_DEFINITIONS "BATON_VERSION=\"${BATON_VERSION_STRING}\"")
endfunction()

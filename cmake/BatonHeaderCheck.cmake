# baton_header_check: compiles every header of src/ on its own, without a precompiled header, twice in
# one unit. A header that leans on what its users include, or lacks its guard, does not get through.
# Built by `make lint` only: it costs a compile per header.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}/src"
    "${PROJECT_SOURCE_DIR}/src/*.h")
set(units "")
foreach(header IN LISTS headers)
    get_filename_component(module "${header}" DIRECTORY)
    baton_target_name("${module}" target)
    if(NOT TARGET ${target})
        continue()  # the module is not written yet
    endif()
    set(unit "${PROJECT_BINARY_DIR}/header_check/${header}.cpp")
    set(text "#include \"${header}\"\n#include \"${header}\"\n")
    set(before "")
    if(EXISTS "${unit}")
        file(READ "${unit}" before)
    endif()
    if(NOT before STREQUAL text)
        file(WRITE "${unit}" "${text}")
    endif()
    list(APPEND units "${unit}")
endforeach()
if(units)
    add_library(baton_header_check OBJECT EXCLUDE_FROM_ALL ${units})
    baton_link_modules(baton_header_check PRIVATE ${BATON_MODULES})
    set_target_properties(baton_header_check PROPERTIES EXPORT_COMPILE_COMMANDS OFF)
    # Only what the compiler says counts here: nothing is optimised, nothing is linked.
    target_compile_options(baton_header_check PRIVATE -O0 -g0)
endif()

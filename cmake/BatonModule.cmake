# src/layers.txt is the law: `module: modules it may include`. It is read here, so the link graph is
# the include graph.
#   BATON_MODULES          all modules in the law's order (top first)
#   BATON_LAW_<module>     what that module may include

set(layers_file "${PROJECT_SOURCE_DIR}/src/layers.txt")
set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${layers_file}")
file(STRINGS "${layers_file}" lines)
set(BATON_MODULES "")
foreach(line IN LISTS lines)
    if(line MATCHES "^([a-z0-9_/]+):(.*)$")
        set(module "${CMAKE_MATCH_1}")
        string(REGEX MATCHALL "[a-z0-9_/]+" allowed "${CMAKE_MATCH_2}")
        list(APPEND BATON_MODULES "${module}")
        set(BATON_LAW_${module} "${allowed}")
    elseif(NOT line MATCHES "^ *(#.*)?$")
        message(FATAL_ERROR "src/layers.txt: not `module: modules`: ${line}")
    endif()
endforeach()

# baton_target_name(queue/engine out) → baton_queue_engine
function(baton_target_name module out)
    string(REPLACE "/" "_" name "${module}")
    set(${out} "baton_${name}" PARENT_SCOPE)
endfunction()

# baton_link_modules(target PUBLIC|PRIVATE|INTERFACE module …): links the modules that exist in this
# build; one that is not written yet is skipped, so a half-filled tree configures.
function(baton_link_modules target how)
    foreach(module IN LISTS ARGN)
        baton_target_name("${module}" name)
        if(TARGET ${name})
            target_link_libraries(${target} ${how} ${name})
        endif()
    endforeach()
endfunction()

# baton_module(queue/store/sqlite [LIBS SQLite::SQLite3 …])
# One folder, one library: `baton_queue_store_sqlite`, also called `baton::queue_store_sqlite`, from
# the sources of just that folder. Its include root is src/. A folder of headers only becomes an
# INTERFACE library.
function(baton_module module)
    cmake_parse_arguments(arg "" "" "LIBS" ${ARGN})
    if(arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "baton_module(${module}): unknown ${arg_UNPARSED_ARGUMENTS}")
    endif()
    if(NOT module IN_LIST BATON_MODULES)
        message(FATAL_ERROR "${module} is not in src/layers.txt")
    endif()
    if(NOT CMAKE_CURRENT_SOURCE_DIR STREQUAL "${PROJECT_SOURCE_DIR}/src/${module}")
        message(FATAL_ERROR "baton_module(${module}) called from ${CMAKE_CURRENT_SOURCE_DIR}")
    endif()

    baton_target_name("${module}" name)
    file(GLOB sources CONFIGURE_DEPENDS "*.cpp")
    file(GLOB headers CONFIGURE_DEPENDS "*.h")
    if(sources)
        set(how PUBLIC)
        add_library(${name} STATIC ${sources} ${headers})
        baton_use_pch(${name} NO_TEST ${module})
        set(versioned "${sources}")
        list(FILTER versioned INCLUDE REGEX "/version\\.cpp$")
        if(versioned)
            baton_see_version(${versioned})
        endif()
        # The implementation units of Boost hold foreign code: no precompiled header, no warnings.
        set(foreign "${sources}")
        list(FILTER foreign INCLUDE REGEX "_impl\\.cpp$")
        if(foreign)
            set_source_files_properties(${foreign} PROPERTIES
                SKIP_PRECOMPILE_HEADERS ON COMPILE_OPTIONS "-w")
        endif()
    else()
        set(how INTERFACE)
        add_library(${name} INTERFACE)
    endif()
    string(REPLACE "/" "_" short "${module}")
    add_library(baton::${short} ALIAS ${name})

    target_include_directories(${name} ${how}
        "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>" "$<INSTALL_INTERFACE:include/baton>")
    target_link_libraries(${name} ${how} baton_options ${arg_LIBS})
    baton_link_modules(${name} ${how} ${BATON_LAW_${module}})
endfunction()

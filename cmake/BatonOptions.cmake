# baton_options: what every target of this project is compiled with.

add_library(baton_options INTERFACE)
target_compile_features(baton_options INTERFACE cxx_std_23)
set(CMAKE_CXX_EXTENSIONS OFF)

set(warnings
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
    -Wnull-dereference -Wimplicit-fallthrough
    -Wno-missing-field-initializers)  # a designated initialiser names what differs from the default
if(BATON_WERROR)
    list(APPEND warnings -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees ghosts here once it inlines std::string, std::map and coroutine frames (GCC bugs
    # 105651, 105329, 80635). What these would find, clang-tidy and the sanitizers find.
    list(APPEND warnings
        -Wno-restrict -Wno-null-dereference -Wno-maybe-uninitialized -Wno-array-bounds
        -Wno-stringop-overflow -Wno-stringop-overread -Wno-mismatched-new-delete
        -Wno-error=free-nonheap-object -Wno-error=dangling-pointer
        -fdiagnostics-color=auto)
endif()
# How users of the installed library look at their own code is their matter.
target_compile_options(baton_options INTERFACE "$<BUILD_INTERFACE:${warnings}>")

target_compile_definitions(baton_options INTERFACE
    BOOST_ASIO_SEPARATE_COMPILATION   # its one unit: src/runtime/asio_impl.cpp
    BOOST_BEAST_SEPARATE_COMPILATION  # its one unit: src/net/beast_impl.cpp
    BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(baton_options INTERFACE Threads::Threads Boost::headers)

if(BATON_SANITIZE)
    target_compile_options(baton_options INTERFACE
        -fsanitize=${BATON_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(baton_options INTERFACE -fsanitize=${BATON_SANITIZE})
    if(BATON_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Asio fences its own refcounts; TSan does not model fences, GCC says so on each use.
        target_compile_options(baton_options INTERFACE -Wno-tsan)
    endif()
endif()

# Precompiled headers, shared by all targets of a kind: `std`, or `asio` with the core of Asio for
# modules that stand on the runtime (below it, Asio's objects would not link); `std_test` and
# `asio_test` add GoogleTest. They halve the time of an ordinary coroutine file.
# baton_use_pch(target TEST|NO_TEST module …): the modules tell the kind.
function(baton_use_pch target test)
    if(NOT BATON_PCH)
        return()
    endif()
    set(kind std)
    foreach(module IN LISTS ARGN)
        if(module STREQUAL "runtime" OR "runtime" IN_LIST BATON_LAW_${module})
            set(kind asio)
        endif()
    endforeach()
    if(test STREQUAL "TEST")
        string(APPEND kind _test)
    endif()
    set(pch baton_pch_${kind})
    if(NOT TARGET ${pch})
        file(GENERATE OUTPUT "${PROJECT_BINARY_DIR}/pch/${kind}.cpp" CONTENT "\n")
        add_library(${pch} OBJECT "${PROJECT_BINARY_DIR}/pch/${kind}.cpp")
        target_link_libraries(${pch} PRIVATE baton_options)
        if(test STREQUAL "TEST")
            target_link_libraries(${pch} PRIVATE GTest::gmock GTest::gtest)
        endif()
        target_precompile_headers(${pch} PRIVATE "${PROJECT_SOURCE_DIR}/cmake/pch_${kind}.h")
    endif()
    target_precompile_headers(${target} REUSE_FROM ${pch})
endfunction()

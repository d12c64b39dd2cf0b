# All third-party packages, found once. Modules name the targets they need: baton_module(x LIBS …).
#   Boost::headers  Threads::Threads  fmt::fmt  spdlog::spdlog  yaml-cpp::yaml-cpp  CLI11::CLI11
#   prometheus-cpp::core  SQLite::SQLite3  CURL::libcurl  OpenSSL::SSL  OpenSSL::Crypto  ZLIB::ZLIB
#   sodium::sodium  nats::nats  libpq::libpq  hiredis::hiredis  zstd::zstd
# and in tests and benchmarks
#   GTest::gtest  GTest::gmock  GTest::gmock_main  rapidcheck::rapidcheck  benchmark::benchmark

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CURL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)

find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET GLOBAL libsodium)
add_library(sodium::sodium ALIAS PkgConfig::sodium)
pkg_check_modules(nats REQUIRED IMPORTED_TARGET GLOBAL libnats)
add_library(nats::nats ALIAS PkgConfig::nats)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET GLOBAL libzstd)
add_library(zstd::zstd ALIAS PkgConfig::zstd)
pkg_check_modules(libpq REQUIRED IMPORTED_TARGET GLOBAL libpq)
add_library(libpq::libpq ALIAS PkgConfig::libpq)
# Not its flags: they define _FILE_OFFSET_BITS, which is so on 64 bits anyway and bars our precompiled headers.
pkg_check_modules(hiredis REQUIRED hiredis)
add_library(hiredis::hiredis INTERFACE IMPORTED GLOBAL)
set_target_properties(hiredis::hiredis PROPERTIES INTERFACE_LINK_LIBRARIES "${hiredis_LINK_LIBRARIES}")

# Debian 12's yaml-cpp exports a target without a namespace.
if(NOT TARGET yaml-cpp::yaml-cpp)
    add_library(yaml-cpp::yaml-cpp INTERFACE IMPORTED GLOBAL)
    set_target_properties(yaml-cpp::yaml-cpp PROPERTIES INTERFACE_LINK_LIBRARIES yaml-cpp)
endif()

if(BATON_BUILD_TESTS)
    find_package(GTest REQUIRED)
    find_package(rapidcheck REQUIRED)
    if(NOT TARGET rapidcheck::rapidcheck)
        add_library(rapidcheck::rapidcheck INTERFACE IMPORTED GLOBAL)
        set_target_properties(rapidcheck::rapidcheck PROPERTIES INTERFACE_LINK_LIBRARIES rapidcheck)
    endif()
endif()
if(BATON_BUILD_BENCH)
    find_package(benchmark REQUIRED)
endif()

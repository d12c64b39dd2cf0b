# cmake -D FOLDER=migrations -D OUT=embedded_migrations.cpp -P embed_migrations.cmake
# Writes db::embedded_migrations() from FOLDER/<kind>/NNNN_name.{up,down}.sql. A gap in the numbers,
# a missing half or a file of another name stops the build.
cmake_minimum_required(VERSION 3.25)

set(arrays "")
set(choices "")
file(GLOB kinds RELATIVE "${FOLDER}" "${FOLDER}/*")
foreach(kind IN LISTS kinds)
    file(GLOB names RELATIVE "${FOLDER}/${kind}" "${FOLDER}/${kind}/*.sql")
    list(SORT names)
    set(version 0)
    set(rows "")
    set(ups "")
    foreach(name IN LISTS names)
        if(NOT name MATCHES "^[0-9][0-9][0-9][0-9]_[a-z0-9_]+\\.(up|down)\\.sql$")
            message(FATAL_ERROR "${kind}/${name}: not NNNN_name.up.sql or NNNN_name.down.sql")
        endif()
        if(name MATCHES "\\.up\\.sql$")
            list(APPEND ups "${name}")
        endif()
    endforeach()
    foreach(up_name IN LISTS ups)
        math(EXPR version "${version} + 1")
        string(REGEX MATCH "^([0-9]+)_(.*)\\.up\\.sql$" _ "${up_name}")
        set(title "${CMAKE_MATCH_2}")  # before the next match forgets it
        string(REGEX REPLACE "^0+" "" number "${CMAKE_MATCH_1}")
        if(NOT number EQUAL version)
            message(FATAL_ERROR "${kind}/${up_name}: number ${version} expected")
        endif()
        string(REGEX REPLACE "\\.up\\.sql$" ".down.sql" down_name "${up_name}")
        if(NOT down_name IN_LIST names)
            message(FATAL_ERROR "${kind}/${down_name} is missing")
        endif()
        file(READ "${FOLDER}/${kind}/${up_name}" up)
        file(READ "${FOLDER}/${kind}/${down_name}" down)
        string(APPEND rows "    Migration{${version}, \"${title}\",\n"
            "        R\"sql(${up})sql\",\n        R\"sql(${down})sql\"},\n")
    endforeach()
    list(LENGTH names file_count)
    math(EXPR paired_count "${version} * 2")
    if(NOT file_count EQUAL paired_count)
        message(FATAL_ERROR "${kind}: a .down.sql has no .up.sql")
    endif()
    if(version GREATER 0)
        string(APPEND arrays "constexpr std::array ${kind}_migrations{\n${rows}};\n\n")
        string(APPEND choices "    if (kind == \"${kind}\") return ${kind}_migrations;\n")
    endif()
endforeach()

file(WRITE "${OUT}" "// Made from migrations/ by embed_migrations.cmake.
#include \"db/migrations.h\"

#include <array>

namespace baton::db {
namespace {

${arrays}}  // namespace

std::span<const Migration> embedded_migrations([[maybe_unused]] std::string_view kind) noexcept {
${choices}    return {};
}

}  // namespace baton::db
")

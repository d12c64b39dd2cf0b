# cmake -D FOLDER=page -D DOCUMENT=openapi.yaml -D OUT=embedded.cpp -P embed.cmake
# Writes embedded_files(): the files of FOLDER and the DOCUMENT, by name, as string constants.
cmake_minimum_required(VERSION 3.25)

file(GLOB files LIST_DIRECTORIES false "${FOLDER}/*")
list(SORT files)
list(APPEND files "${DOCUMENT}")
set(rows "")
foreach(path IN LISTS files)
    get_filename_component(name "${path}" NAME)
    # In hex, as CMake would take brackets and semicolons of a text for a list; in lines of 500 bytes.
    file(READ "${path}" hex HEX)
    string(LENGTH "${hex}" digits)
    math(EXPR size "${digits} / 2")
    set(lines "")
    foreach(at RANGE 0 ${digits} 1000)
        string(SUBSTRING "${hex}" ${at} 1000 part)
        string(REGEX REPLACE "(..)" "\\\\x\\1" part "${part}")
        string(APPEND lines "        \"${part}\"\n")
    endforeach()
    string(APPEND rows "    {\"${name}\", {\n${lines}        , ${size}}},\n")
endforeach()

file(WRITE "${OUT}" "// Made from page/ and docs/reference/openapi.yaml by embed.cmake.
#include \"api/docs/embedded.h\"

namespace baton::api::docs {

std::span<const EmbeddedFile> embedded_files() noexcept {
    static constexpr EmbeddedFile files[] = {
${rows}    };
    return files;
}

}  // namespace baton::api::docs
")

# cmake -D FOLDER=deploy/nats -D OUT=embedded_nats_configs.cpp -P embed_nats_configs.cmake
# Writes cli::embedded_nats_configs() from FOLDER/*.conf, so that `baton cluster up` runs just what is
# shipped for production.
cmake_minimum_required(VERSION 3.25)

set(rows "")
file(GLOB names RELATIVE "${FOLDER}" "${FOLDER}/*.conf")
list(SORT names)
foreach(name IN LISTS names)
    file(READ "${FOLDER}/${name}" text)
    string(APPEND rows "    EmbeddedFile{\"${name}\", R\"conf(${text})conf\"},\n")
endforeach()

file(WRITE "${OUT}" "// Made from deploy/nats by embed_nats_configs.cmake.
#include <array>

#include \"cli/cluster_nats.h\"

namespace baton::cli {
namespace {

constexpr std::array files{
${rows}};

}  // namespace

std::span<const EmbeddedFile> embedded_nats_configs() noexcept { return files; }

}  // namespace baton::cli
")

// Files that the build put into the program.
#pragma once

#include <span>
#include <string_view>

namespace baton::api::docs {

struct EmbeddedFile {
    std::string_view name;
    std::string_view text;
};

/// The page's files and openapi.yaml.
[[nodiscard]] std::span<const EmbeddedFile> embedded_files() noexcept;

}  // namespace baton::api::docs

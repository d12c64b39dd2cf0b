// What a simulation is told from outside.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace baton::test {

/// A number from the environment.
inline std::optional<std::uint64_t> given(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::stoull(text));
}

}  // namespace baton::test

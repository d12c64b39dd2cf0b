// Names of enum values: one lookup for every enum that people write, with the nearest name in the
// error.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "base/result.h"

namespace baton {

/// The place of `text` in `names`. Fails: invalid_argument, "no `what` `text`; did you mean `…`?".
[[nodiscard]] Result<std::size_t> index_of_name(
    std::string_view what, std::string_view text, std::span<const std::string_view> names);

/// The value of `Enum`, counted from 0 without gaps, whose name is `text`. Fails: invalid_argument.
template <class Enum, std::size_t size>
[[nodiscard]] Result<Enum> enum_from_name(
    std::string_view what, std::string_view text, const std::array<std::string_view, size>& names) {
    BATON_TRY(const auto index, index_of_name(what, text, names));
    return static_cast<Enum>(index);
}

template <class Enum, std::size_t size>
[[nodiscard]] constexpr std::string_view name_of(
    Enum value, const std::array<std::string_view, size>& names) noexcept {
    const auto index = static_cast<std::size_t>(value);
    return index < size ? names[index] : std::string_view("unknown");
}

}  // namespace baton

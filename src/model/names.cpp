#include "model/names.h"

#include <algorithm>
#include <string>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace baton {
namespace {

constexpr std::size_t shown_max = 64;  // bytes of a stranger's word that an error repeats

}  // namespace

Result<std::size_t> index_of_name(
    std::string_view what, std::string_view text, std::span<const std::string_view> names) {
    const auto found = std::ranges::find(names, text);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    if (text.size() > shown_max || !is_utf8(text)) {
        return fail(Errc::invalid_argument,
            fmt::format("no such {}; it is one of {}", what, fmt::join(names, ", ")));
    }
    if (const auto near = nearest_name(text, names)) {
        return fail(Errc::invalid_argument,
            fmt::format("no {} `{}`; did you mean `{}`?", what, text, *near));
    }
    return fail(Errc::invalid_argument,
        fmt::format("no {} `{}`; it is one of {}", what, text, fmt::join(names, ", ")));
}

}  // namespace baton

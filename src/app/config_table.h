// The key table: every configuration key with its type, range and words. Loading, help, the
// reference page and the masked print all read it, so none of them can disagree.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config.h"
#include "app/config_key.h"
#include "base/result.h"

namespace baton::app {

/// A key without the type of its owner, for help and print.
struct KeyDoc {
    std::string_view name;
    KeyKind kind = KeyKind::text;
    KeyRules rules;
    std::string default_text;
};

/// A key that holds a list of sections (`agents`).
struct ListKey {
    std::string_view name;
    std::string_view doc;
    Result<void> (*read)(Config&, const ListKey&, const ConfigNode&) = nullptr;
    std::vector<KeyDoc> (*describe)() = nullptr;
    /// Each item as names and texts, secrets masked.
    std::vector<std::vector<std::pair<std::string_view, std::string>>> (*show)(
        const Config&) = nullptr;
};

/// In the order of the reference page: sections together.
[[nodiscard]] std::span<const Key<Config>> config_keys() noexcept;
[[nodiscard]] std::span<const ListKey> config_lists() noexcept;

/// Keys and sections of DESIGN that this version refuses by name.
[[nodiscard]] std::span<const std::string_view> later_keys() noexcept;

template <class Object>
[[nodiscard]] KeyDoc describe(const Key<Object>& row) {
    return {row.name, row.kind, row.rules, row.show(Object{}, row)};
}

/// The value as text, a secret as ***.
template <class Object>
[[nodiscard]] std::string show_masked(const Object& object, const Key<Object>& row) {
    auto text = row.show(object, row);
    return row.kind == KeyKind::secret && !text.empty() ? "***" : text;
}

/// "where: unknown key `path`; did you mean `…`?" over the names that stand beside it.
[[nodiscard]] std::unexpected<Error> unknown_key(
    std::string_view where, std::string_view path, const std::vector<std::string_view>& candidates);

/// "where: `path` is not supported in this version of Baton".
[[nodiscard]] std::unexpected<Error> unsupported_key(std::string_view where, std::string_view path);

}  // namespace baton::app

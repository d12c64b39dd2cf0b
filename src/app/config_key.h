// One row of the key table: a member of a settings struct with its name, range and words. The
// member's own default is the key's default, so that there is one.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "app/config_values.h"
#include "base/result.h"
#include "base/secret.h"

namespace baton::app {

/// What a person reads about a key, and what bounds its value.
struct KeyRules {
    std::string_view doc{};
    /// Inclusive; bytes of a size, milliseconds of a duration, length of a text.
    double min = 0;
    double max = std::numeric_limits<double>::max();
    std::span<const std::string_view> choices{};  ///< in the order of the enum
    std::span<const std::string_view> later{};    ///< choices a later version will have
    bool required = false;                        ///< in each item of a list
    bool reloadable = false;                      ///< takes effect on SIGHUP
};

/// A row for members of `Object`.
template <class Object>
struct Key {
    std::string_view name;
    KeyKind kind = KeyKind::text;
    KeyRules rules;
    Result<void> (*read)(Object&, const Key&, const ConfigNode&) = nullptr;
    std::string (*show)(const Object&, const Key&) = nullptr;  ///< secrets as they are
};

// Texts to values and back, by kind. `where` and `name` go into the error (invalid_config).
struct ScalarText {
    std::string_view name;
    std::string_view where;
    std::string_view text;
};
[[nodiscard]] Result<bool> read_boolean(const ScalarText& scalar);
[[nodiscard]] Result<double> read_number(
    const ScalarText& scalar, KeyKind kind, const KeyRules& rules);
[[nodiscard]] Result<std::string> read_text(const ScalarText& scalar, const KeyRules& rules);
[[nodiscard]] Result<std::size_t> read_choice(const ScalarText& scalar, const KeyRules& rules);
/// The text of a scalar node. Fails when it is a list or a section.
[[nodiscard]] Result<ScalarText> scalar_of(std::string_view name, const ConfigNode& node);
[[nodiscard]] std::string show_number(double value, KeyKind kind);
/// "0..65535", "1ms..1h", "json | text"; empty when there is no bound.
[[nodiscard]] std::string show_range(KeyKind kind, const KeyRules& rules);

namespace detail {

template <class T>
struct is_duration : std::false_type {};
template <class Rep, class Period>
struct is_duration<std::chrono::duration<Rep, Period>> : std::true_type {};

template <class T>
struct is_vector : std::false_type {};
template <class Item>
struct is_vector<std::vector<Item>> : std::true_type {};

/// What may be left open: the key says nothing then, and shows `null`.
template <class T>
struct is_optional : std::false_type {};
template <class Value>
struct is_optional<std::optional<Value>> : std::true_type {};

/// The type that a value of the key is read as.
template <class T>
struct ValueOf {
    using Type = T;
};
template <class Value>
struct ValueOf<std::optional<Value>> {
    using Type = Value;
};

template <class T>
constexpr KeyKind kind_of() {
    if constexpr (std::is_same_v<T, bool>)
        return KeyKind::boolean;
    else if constexpr (std::is_enum_v<T>)
        return KeyKind::choice;
    else if constexpr (std::is_integral_v<T>)
        return KeyKind::integer;
    else if constexpr (std::is_floating_point_v<T>)
        return KeyKind::number;
    else if constexpr (is_duration<T>::value)
        return KeyKind::duration;
    else if constexpr (std::is_same_v<T, Secret>)
        return KeyKind::secret;
    else if constexpr (std::is_same_v<T, std::filesystem::path>)
        return KeyKind::path;
    else if constexpr (is_vector<T>::value)
        return list_kind(static_cast<const T*>(nullptr));
    else
        return KeyKind::text;
}

template <class T>
Result<T> read_as(
    std::string_view name, KeyKind kind, const KeyRules& rules, const ConfigNode& node) {
    if constexpr (is_vector<T>::value) {
        T list;
        BATON_TRY_VOID(read_list(name, node, list));
        return list;
    } else {
        BATON_TRY(const auto scalar, scalar_of(name, node));
        if constexpr (std::is_same_v<T, bool>) {
            return read_boolean(scalar);
        } else if constexpr (std::is_enum_v<T>) {
            BATON_TRY(const auto index, read_choice(scalar, rules));
            return static_cast<T>(index);
        } else if constexpr (std::is_arithmetic_v<T>) {
            BATON_TRY(const auto number, read_number(scalar, kind, rules));
            return static_cast<T>(number);
        } else if constexpr (is_duration<T>::value) {
            BATON_TRY(const auto number, read_number(scalar, kind, rules));
            return std::chrono::duration_cast<T>(
                std::chrono::milliseconds(static_cast<std::int64_t>(number)));
        } else {
            BATON_TRY(auto text, read_text(scalar, rules));
            return T(std::move(text));
        }
    }
}

template <class T>
std::string show_as(const T& value, KeyKind kind, const KeyRules& rules) {
    if constexpr (std::is_same_v<T, bool>)
        return value ? "true" : "false";
    else if constexpr (is_vector<T>::value)
        return show_list(value);
    else if constexpr (is_optional<T>::value) {
        return value ? show_as(*value, kind, rules) : "null";
    } else if constexpr (std::is_enum_v<T>) {
        return std::string(rules.choices[static_cast<std::size_t>(value)]);
    } else if constexpr (std::is_arithmetic_v<T>) {
        return show_number(static_cast<double>(value), kind);
    } else if constexpr (is_duration<T>::value) {
        const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(value).count();
        return show_number(static_cast<double>(ms), kind);
    } else if constexpr (std::is_same_v<T, Secret>) {
        return std::string(value.reveal());
    } else if constexpr (std::is_same_v<T, std::filesystem::path>) {
        return value.string();
    } else if constexpr (requires { value.text; }) {
        return value.text;
    } else {
        return value;
    }
}

}  // namespace detail

/// The row of the member that `member` returns: `key<Config, [](auto& c) -> auto& { return
/// c.data.dir; }>(…)`. Integers are also held to what their type can hold.
template <class Object, auto member>
constexpr Key<Object> key(std::string_view name, KeyRules rules) {
    using Member = std::remove_cvref_t<decltype(member(std::declval<Object&>()))>;
    using T = detail::ValueOf<Member>::Type;
    if constexpr (std::is_integral_v<T> && sizeof(T) < 8) {
        rules.max = std::min(rules.max, static_cast<double>(std::numeric_limits<T>::max()));
    }
    return {
        .name = name,
        .kind = detail::kind_of<T>(),
        .rules = rules,
        .read = [](Object& object, const Key<Object>& row, const ConfigNode& node) -> Result<void> {
            BATON_TRY(member(object), detail::read_as<T>(row.name, row.kind, row.rules, node));
            return {};
        },
        .show =
            [](const Object& object, const Key<Object>& row) {
                return detail::show_as<Member>(member(object), row.kind, row.rules);
            },
    };
}

/// The same for a number of bytes ("64MiB").
template <class Object, auto member>
constexpr Key<Object> size_key(std::string_view name, KeyRules rules) {
    auto row = key<Object, member>(name, rules);
    row.kind = KeyKind::size;
    return row;
}

}  // namespace baton::app

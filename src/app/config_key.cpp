#include "app/config_key.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/text.h"

namespace baton::app {
namespace {

struct ByteUnit {
    std::string_view name;
    double bytes;
};
constexpr std::array byte_units{ByteUnit{"KiB", 1024.0}, ByteUnit{"MiB", 1048576.0},
    ByteUnit{"GiB", 1073741824.0}, ByteUnit{"kB", 1e3}, ByteUnit{"MB", 1e6}, ByteUnit{"GB", 1e9},
    ByteUnit{"B", 1.0}};

std::unexpected<Error> refuse(const ScalarText& scalar, const std::string& what) {
    return fail_field(Errc::invalid_config, std::string(scalar.name),
        fmt::format("{}: `{}` {}", scalar.where, scalar.name, what));
}

std::optional<double> plain_number(std::string_view text) {
    double value = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end || !std::isfinite(value)) return std::nullopt;
    return value;
}

std::optional<double> number_of_bytes(std::string_view text) {
    for (const auto& unit : byte_units) {
        if (!text.ends_with(unit.name)) continue;
        text.remove_suffix(unit.name.size());
        while (text.ends_with(' ')) text.remove_suffix(1);
        const auto value = plain_number(text);
        return value ? std::optional(std::floor(*value * unit.bytes)) : std::nullopt;
    }
    return plain_number(text);
}

/// 2^53: the integers below it are exact in a double.
constexpr double integer_max = 9007199254740992.0;

}  // namespace

std::string_view to_string(KeyKind kind) noexcept {
    constexpr std::array<std::string_view, 12> names{"true or false", "integer", "bytes", "number",
        "duration", "text", "path", "secret", "one of", "list of texts", "list of models",
        "prices by model"};
    return names[static_cast<std::size_t>(kind)];
}

Result<ScalarText> scalar_of(std::string_view name, const ConfigNode& node) {
    if (node.kind == ConfigNode::Kind::scalar) return ScalarText{name, node.where, node.text};
    const auto* found = node.kind == ConfigNode::Kind::list ? "a list" : "a section";
    return refuse({name, node.where, {}}, fmt::format("takes one value, not {}", found));
}

Result<bool> read_boolean(const ScalarText& scalar) {
    if (scalar.text == "true" || scalar.text == "yes" || scalar.text == "on") return true;
    if (scalar.text == "false" || scalar.text == "no" || scalar.text == "off") return false;
    return refuse(scalar, fmt::format("is true or false, not `{}`", scalar.text));
}

Result<double> read_number(const ScalarText& scalar, KeyKind kind, const KeyRules& rules) {
    std::optional<double> value;
    if (kind == KeyKind::duration) {
        const auto duration = parse_duration(scalar.text);
        if (duration) value = static_cast<double>(duration->count());
    } else if (kind == KeyKind::size) {
        value = number_of_bytes(scalar.text);
    } else {
        value = plain_number(scalar.text);
    }
    const bool whole = kind == KeyKind::number || (value && std::floor(*value) == *value);
    if (!value || !whole) {
        const auto* example = kind == KeyKind::duration ? " such as 250ms, 30s, 5m, 2h"
                              : kind == KeyKind::size   ? " such as 65536, 512KiB, 64MiB"
                                                        : "";
        return refuse(scalar, fmt::format("takes a value of kind {}{}, not `{}`", to_string(kind),
                                  example, scalar.text));
    }
    if (*value < rules.min || *value > std::min(rules.max, integer_max)) {
        return refuse(
            scalar, fmt::format("is {}, outside {}", scalar.text, show_range(kind, rules)));
    }
    return *value;
}

Result<std::string> read_text(const ScalarText& scalar, const KeyRules& rules) {
    if (!is_utf8(scalar.text)) return refuse(scalar, "is not UTF-8");
    const auto size = static_cast<double>(scalar.text.size());
    if (size < rules.min) return refuse(scalar, "must not be empty");
    if (size > rules.max)
        return refuse(scalar, fmt::format("is longer than {:.0f} bytes", rules.max));
    return std::string(scalar.text);
}

Result<std::size_t> read_choice(const ScalarText& scalar, const KeyRules& rules) {
    const auto found = std::ranges::find(rules.choices, scalar.text);
    if (found != rules.choices.end()) {
        return static_cast<std::size_t>(found - rules.choices.begin());
    }
    if (std::ranges::find(rules.later, scalar.text) != rules.later.end()) {
        return fail_field(Errc::unsupported, std::string(scalar.name),
            fmt::format("{}: `{}: {}` is not supported in this version; it has {}", scalar.where,
                scalar.name, scalar.text, fmt::join(rules.choices, ", ")));
    }
    const auto nearest = nearest_name(scalar.text, rules.choices);
    return refuse(
        scalar, fmt::format("is one of {}, not `{}`{}", fmt::join(rules.choices, ", "), scalar.text,
                    nearest ? fmt::format("; did you mean `{}`?", *nearest) : ""));
}

std::string show_number(double value, KeyKind kind) {
    if (kind == KeyKind::duration) return to_text(Duration(static_cast<std::int64_t>(value)));
    if (kind == KeyKind::size && value >= 1024) {
        for (const auto& unit : {byte_units[2], byte_units[1], byte_units[0]}) {
            const double count = value / unit.bytes;
            if (count >= 1 && std::floor(count) == count) {
                return fmt::format("{:.0f}{}", count, unit.name);
            }
        }
    }
    return fmt::format("{}", value);
}

std::string show_range(KeyKind kind, const KeyRules& rules) {
    const bool numeric = kind == KeyKind::integer || kind == KeyKind::size ||
                         kind == KeyKind::number || kind == KeyKind::duration;
    if (kind == KeyKind::choice) return fmt::format("{}", fmt::join(rules.choices, " | "));
    if (!numeric) return {};
    if (rules.max >= integer_max) return fmt::format("≥ {}", show_number(rules.min, kind));
    return fmt::format("{}..{}", show_number(rules.min, kind), show_number(rules.max, kind));
}

}  // namespace baton::app

#include "model/json_fields.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/text.h"
#include "model/message.h"

namespace baton {
namespace {

namespace json = boost::json;

constexpr std::size_t shown_max = 64;  // bytes of a stranger's word that an error repeats

/// Numbers without a fraction, however they were written; nothing beyond what int64 holds.
std::optional<std::int64_t> whole_number(const json::value& value) noexcept {
    if (const auto* number = value.if_int64()) return *number;
    if (const auto* number = value.if_uint64()) {
        if (std::in_range<std::int64_t>(*number)) return static_cast<std::int64_t>(*number);
    }
    if (const auto* number = value.if_double()) {
        constexpr double exact_max = 9'007'199'254'740'992.0;
        if (std::abs(*number) <= exact_max && std::trunc(*number) == *number) {
            return static_cast<std::int64_t>(*number);
        }
    }
    return std::nullopt;
}

}  // namespace

std::string_view kind_name(const json::value& value) noexcept {
    switch (value.kind()) {
        case json::kind::null: return "null";
        case json::kind::bool_: return "a boolean";
        case json::kind::string: return "a string";
        case json::kind::array: return "an array";
        case json::kind::object: return "an object";
        default: return "a number";
    }
}

Result<Fields> Fields::of(
    const json::value& value, std::span<const std::string_view> known, Errc code) {
    const auto* object = value.if_object();
    if (object == nullptr) {
        return fail(code, fmt::format("an object is expected, not {}", kind_name(value)));
    }
    if (known.empty()) return Fields(*object, code);
    for (const auto& field : *object) {
        const std::string_view name = field.key();
        if (std::ranges::find(known, name) != known.end()) continue;
        if (name.size() > shown_max)
            return fail(code, "there is an unknown field with a long name");
        const auto near = nearest_name(name, known);
        return fail_field(code, std::string(name),
            near ? fmt::format("no field `{}`; did you mean `{}`?", name, *near)
                 : fmt::format("no field `{}`", name));
    }
    return Fields(*object, code);
}

const json::value* Fields::find(std::string_view name) const noexcept {
    const auto* value = object_->if_contains(name);
    return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::int64_t> Fields::integer(std::string_view name, IntegerRule rule) const {
    const auto* value = find(name);
    if (value == nullptr) return rule.fallback;
    const auto number = whole_number(*value);
    if (!number || *number < rule.min || *number > rule.max) {
        return fail_at(name,
            fmt::format("`{}` must be a whole number from {} to {}", name, rule.min, rule.max));
    }
    return *number;
}

Result<bool> Fields::boolean(std::string_view name, bool fallback) const {
    const auto* value = find(name);
    if (value == nullptr) return fallback;
    if (const auto* flag = value->if_bool()) return *flag;
    return fail_at(name, fmt::format("`{}` must be true or false", name));
}

Result<std::string_view> Fields::text(std::string_view name) const {
    const auto* value = find(name);
    if (value == nullptr) return std::string_view();
    if (const auto* string = value->if_string()) return std::string_view(*string);
    return fail_at(name, fmt::format("`{}` must be a string, not {}", name, kind_name(*value)));
}

Result<std::string> Fields::text(std::string_view name, std::size_t bytes_max) const {
    BATON_TRY(const auto string, text(name));
    if (string.size() > bytes_max) {
        return fail_at(name, fmt::format("`{}` is longer than {} bytes", name, bytes_max));
    }
    return std::string(string);
}

Result<Duration> Fields::duration(std::string_view name, DurationRule rule) const {
    const auto* value = find(name);
    if (value == nullptr) return rule.fallback;
    if (const auto* string = value->if_string()) {
        auto duration = parse_duration(*string);
        if (!duration) return fail_at(name, std::move(duration).error());
        if (*duration > MessageLimits::period_max) {
            return fail_at(name, fmt::format("`{}` is longer than ten years", name));
        }
        return *duration;
    }
    BATON_TRY(const auto number, integer(name, {.max = MessageLimits::period_max / rule.unit}));
    return number * rule.unit;
}

Result<TimePoint> Fields::time(std::string_view name, TimePoint fallback) const {
    const auto* value = find(name);
    if (value == nullptr) return fallback;
    if (const auto* string = value->if_string()) {
        auto time = from_rfc3339(*string);
        if (!time) return fail_at(name, std::move(time).error());
        return *time;
    }
    constexpr std::int64_t end_of_9999 = 253'402'300'799'999;
    BATON_TRY(const auto ms, integer(name, {.max = end_of_9999}));
    return from_unix_ms(ms);
}

Result<const json::array*> Fields::array(std::string_view name) const {
    const auto* value = find(name);
    if (value == nullptr) return nullptr;
    if (const auto* array = value->if_array()) return array;
    return fail_at(name, fmt::format("`{}` must be an array, not {}", name, kind_name(*value)));
}

Result<const json::object*> Fields::object(std::string_view name) const {
    const auto* value = find(name);
    if (value == nullptr) return nullptr;
    if (const auto* object = value->if_object()) return object;
    return fail_at(name, fmt::format("`{}` must be an object, not {}", name, kind_name(*value)));
}

std::unexpected<Error> Fields::fail_at(std::string_view name, std::string detail) const {
    return fail_field(code_, std::string(name), std::move(detail));
}

std::unexpected<Error> Fields::fail_at(std::string_view name, Error error) const {
    error.code = code_;
    return fail(inside(name, std::move(error)));
}

Error inside(std::string_view path, Error error) {
    if (path.empty()) return error;
    const bool joined = error.field.empty() || error.field.front() == '[';
    error.field = std::string(path) + (joined ? "" : ".") + error.field;
    return error;
}

std::string element(std::string_view name, std::size_t index) {
    return fmt::format("{}[{}]", name, index);
}

}  // namespace baton

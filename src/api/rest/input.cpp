#include "api/rest/input.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string>

#include <fmt/core.h>
#include <fmt/format.h>

#include "base/text.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;

constexpr std::uint64_t number_max = 9'007'199'254'740'992;  // 2^53
constexpr std::size_t shown_max = 64;  // bytes of a stranger's word that an error repeats

}  // namespace

MediaType media_type_of(const net::Request& request) noexcept {
    std::string_view type = request.fields.get("Content-Type");
    type = type.substr(0, type.find(';'));
    while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
    if (type.empty() || same_ignoring_case(type, "application/json") ||
        same_ignoring_case(type, "application/x-www-form-urlencoded")) {
        return MediaType::json;
    }
    if (same_ignoring_case(type, "application/x-ndjson") ||
        same_ignoring_case(type, "application/ndjson") ||
        same_ignoring_case(type, "application/jsonl")) {
        return MediaType::ndjson;
    }
    return MediaType::other;
}

Result<const json::value*> JsonBody::parse(const net::Request& request) {
    if (request.body.empty()) return &value_.emplace(json::object_kind, &memory_);
    if (media_type_of(request) != MediaType::json) {
        return fail(Errc::unsupported_media_type, "this route takes application/json");
    }
    BATON_TRY(auto value, parse_json(request.body, &memory_));
    return &value_.emplace(std::move(value));
}

Result<Fields> JsonBody::parse(
    const net::Request& request, std::span<const std::string_view> known) {
    BATON_TRY(const auto* value, parse(request));
    return Fields::of(*value, known, Errc::invalid_argument);
}

Error renamed(Error error, std::string_view from, std::string_view to) {
    if (error.field == from) error.field = to;
    return error;
}

Result<Duration> milliseconds(const Fields& fields, std::string_view name, Duration fallback) {
    BATON_TRY(const auto number, fields.integer(name, {.fallback = fallback.count()}));
    return Duration(number);
}

Result<void> check_query(const net::Request& request, std::span<const std::string_view> known) {
    for (auto it = request.query.begin(); it != request.query.end(); ++it) {
        const std::string_view name = it->first;
        if (std::ranges::find(known, name) == known.end()) {
            if (name.size() > shown_max) {
                return fail(
                    Errc::invalid_argument, "there is an unknown parameter with a long name");
            }
            const auto near = nearest_name(name, known);
            std::string detail = fmt::format("no parameter `{}`", name);
            if (near) {
                detail += fmt::format("; did you mean `{}`?", *near);
            } else if (!known.empty()) {
                detail += fmt::format("; there are: {}", fmt::join(known, ", "));
            }
            return fail_field(Errc::invalid_argument, std::string(name), std::move(detail));
        }
        const bool again = std::any_of(
            request.query.begin(), it, [&](const auto& earlier) { return earlier.first == name; });
        if (again) {
            return fail_field(Errc::invalid_argument, std::string(name),
                fmt::format("parameter `{}` is there twice", name));
        }
    }
    return {};
}

Result<std::uint64_t> parse_number(std::string_view field, std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc() || stop != end || number > number_max) {
        return fail_field(Errc::invalid_argument, std::string(field),
            fmt::format("`{}` must be a whole number from 0 to {}", field, number_max));
    }
    return number;
}

Result<std::uint64_t> query_number(
    const net::Request& request, std::string_view name, std::uint64_t fallback) {
    const auto text = request.query_value(name);
    return text ? parse_number(name, *text) : Result<std::uint64_t>(fallback);
}

Result<std::uint32_t> query_count(
    const net::Request& request, std::string_view name, std::uint32_t fallback) {
    BATON_TRY(const auto number, query_number(request, name, fallback));
    constexpr std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    if (number <= most) return static_cast<std::uint32_t>(number);
    return fail_field(Errc::invalid_argument, std::string(name),
        fmt::format("`{}` must be a whole number from 0 to {}", name, most));
}

Result<Duration> query_milliseconds(
    const net::Request& request, std::string_view name, Duration fallback) {
    BATON_TRY(const auto number,
        query_number(request, name, static_cast<std::uint64_t>(fallback.count())));
    return Duration(static_cast<std::int64_t>(number));
}

Result<Level> level_of(std::string_view field, std::string_view text) {
    auto level = parse_level(text);
    if (!level) level.error().field = field;
    return level;
}

Result<QueueName> queue_of(const Call& call) {
    auto name = parse_queue_name(call.params[0]);
    if (!name) name.error().field = "queue";
    return name;
}

Result<MessageId> message_of(const Call& call) {
    const auto id = MessageId::parse(call.params[0]);
    if (!id) return fail_field(Errc::message_not_found, "id", id.error().detail);
    return *id;
}

}  // namespace baton::api::rest

#include "api/rest/post_body.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "api/rest/input.h"
#include "base/text.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

struct Option {
    std::string_view query;
    std::string_view field;
};
constexpr std::array<Option, 7> options{{
    {"priority", "Baton-Priority"},
    {"dedup_key", "Baton-Dedup-Key"},
    {"ordering_key", "Baton-Ordering-Key"},
    {"fairness_key", "Baton-Fairness-Key"},
    {"delay_ms", "Baton-Delay-Ms"},
    {"deliver_at", "Baton-Deliver-At"},
    {"ttl_ms", "Baton-Ttl-Ms"},
}};
constexpr std::array<std::string_view, options.size()> option_names = [] {
    std::array<std::string_view, options.size()> names;
    std::ranges::transform(options, names.begin(), &Option::query);
    return names;
}();

constexpr std::string_view durability_field = "Baton-Durability";
constexpr std::size_t shown_max = 64;  // bytes of a stranger's word that an error repeats

/// "Baton-" in any case: a quick look that spares requests without options the lookups.
bool is_option_field(std::string_view name) noexcept {
    return name.size() > 6 && (name[0] | 0x20) == 'b' && (name[1] | 0x20) == 'a' &&
           (name[2] | 0x20) == 't' && (name[3] | 0x20) == 'o' && (name[4] | 0x20) == 'n' &&
           name[5] == '-';
}
bool has_option_fields(const net::Request& request) noexcept {
    return std::ranges::any_of(
        request.fields.all(), [](const auto& field) { return is_option_field(field.first); });
}

std::unexpected<Error> unknown_field(std::string_view name) {
    if (name.size() > shown_max) {
        return fail(Errc::invalid_argument, "there is an unknown Baton- field with a long name");
    }
    std::array<std::string_view, options.size() + 1> names;
    std::ranges::transform(options, names.begin(), &Option::field);
    names.back() = durability_field;
    const auto near = nearest_name(name, names);
    return fail_field(Errc::invalid_argument, std::string(name),
        near ? fmt::format("no field `{}`; did you mean `{}`?", name, *near)
             : fmt::format("no field `{}`", name));
}

/// A misspelt option must not be a message without it.
Result<void> check_option_fields(const net::Request& request) {
    const auto& all = request.fields.all();
    for (auto it = all.begin(); it != all.end(); ++it) {
        const std::string& name = it->first;
        if (!is_option_field(name)) continue;
        const auto is_it = [&](std::string_view other) { return same_ignoring_case(name, other); };
        if (!is_it(durability_field) && std::ranges::none_of(options, is_it, &Option::field)) {
            return unknown_field(name);
        }
        const bool again =
            std::any_of(all.begin(), it, [&](const auto& earlier) { return is_it(earlier.first); });
        if (again) {
            return fail_field(
                Errc::invalid_argument, name, fmt::format("the field `{}` is there twice", name));
        }
    }
    return {};
}

Result<void> refuse_options(const net::Request& request) {
    BATON_TRY_VOID(check_query(request, {}));
    if (!has_option_fields(request)) return {};
    for (const Option& option : options) {
        if (!request.fields.has(option.field)) continue;
        return fail_field(Errc::invalid_argument, std::string(option.field),
            fmt::format(
                "a JSON body says `{}` itself; this field goes with a raw body", option.query));
    }
    return {};
}

/// The text of an option; the query wins over the field. Fails: invalid_utf8.
Result<std::optional<std::string_view>> find_option(
    const net::Request& request, std::string_view query_name) {
    if (const auto value = request.query_value(query_name)) return value;
    const auto* option = std::ranges::find(options, query_name, &Option::query);
    if (!request.fields.has(option->field)) return std::nullopt;
    const std::string_view value = request.fields.get(option->field);
    if (!is_utf8(value)) {
        return fail_field(Errc::invalid_utf8, std::string(option->field), "the field is not UTF-8");
    }
    return value;
}

Result<std::string> key_option(const net::Request& request, std::string_view name) {
    BATON_TRY(const auto text, find_option(request, name));
    if (!text) return std::string();
    if (text->size() > MessageLimits::key_max) {
        return fail_field(Errc::invalid_argument, std::string(name),
            fmt::format("`{}` is longer than {} bytes", name, MessageLimits::key_max));
    }
    return std::string(*text);
}

Result<Duration> duration_option(const net::Request& request, std::string_view name) {
    BATON_TRY(const auto text, find_option(request, name));
    if (!text) return Duration(0);
    BATON_TRY(const auto number, parse_number(name, *text));
    if (number > static_cast<std::uint64_t>(MessageLimits::period_max.count())) {
        return fail_field(Errc::invalid_argument, std::string(name),
            fmt::format("`{}` is longer than ten years", name));
    }
    return Duration(static_cast<std::int64_t>(number));
}

Result<std::optional<TimePoint>> time_option(const net::Request& request, std::string_view name) {
    BATON_TRY(const auto text, find_option(request, name));
    if (!text) return std::nullopt;
    auto time = from_rfc3339(*text);
    if (time) return *time;
    time.error().field = name;
    return fail(std::move(time).error());
}

Result<NewMessage> read_raw(net::Request& request) {
    BATON_TRY_VOID(check_query(request, option_names));
    NewMessage message;
    BATON_TRY(const auto priority, find_option(request, "priority"));
    if (priority) {
        BATON_TRY(message.data.priority, level_of("priority", *priority));
    }
    BATON_TRY(message.data.dedup_key, key_option(request, "dedup_key"));
    BATON_TRY(message.data.ordering_key, key_option(request, "ordering_key"));
    BATON_TRY(message.data.fairness_key, key_option(request, "fairness_key"));
    BATON_TRY(message.delay, duration_option(request, "delay_ms"));
    BATON_TRY(message.deliver_at, time_option(request, "deliver_at"));
    BATON_TRY(message.ttl, duration_option(request, "ttl_ms"));
    const std::string_view type = request.fields.get("Content-Type");
    if (!is_utf8(type)) {
        return fail_field(Errc::invalid_utf8, "Content-Type", "the field is not UTF-8");
    }
    message.data.headers.push_back({.name = "content-type", .value = std::string(type)});
    message.data.content = Bytes(std::move(request.body));
    return message;
}

}  // namespace

Result<std::vector<NewMessage>> read_post(net::Request& request) {
    BATON_TRY_VOID(check_option_fields(request));
    const MediaType type = media_type_of(request);
    if (type == MediaType::other) {
        BATON_TRY(auto message, read_raw(request));
        std::vector<NewMessage> messages;
        messages.push_back(std::move(message));
        return messages;
    }
    BATON_TRY_VOID(refuse_options(request));
    if (type == MediaType::ndjson) return new_messages_from_ndjson(request.body);
    return new_messages_from_json(request.body);
}

}  // namespace baton::api::rest

#include "model/queue_config.h"

#include <algorithm>
#include <charconv>

#include "model/names.h"
#include "model/subscription.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, 3> durability_names{"fsync", "relaxed", "memory"};
constexpr std::array<std::string_view, 2> overflow_names{"reject", "drop_oldest"};

constexpr std::array<std::string_view, 2> mode_names{"queue", "log"};
constexpr std::array<std::string_view, 4> strategy_names{
    "strict", "priority_weighted", "fair", "deadline"};

constexpr std::size_t name_max = 128;

bool is_name_char(char c) noexcept {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= name_max && text.front() != '.' &&
           std::ranges::all_of(text, is_name_char);
}

}  // namespace

std::string_view to_string(Durability durability) noexcept {
    return name_of(durability, durability_names);
}

Result<Durability> parse_durability(std::string_view text) {
    return enum_from_name<Durability>("durability", text, durability_names);
}

std::string_view to_string(Overflow overflow) noexcept { return name_of(overflow, overflow_names); }

Result<Overflow> parse_overflow(std::string_view text) {
    return enum_from_name<Overflow>("overflow", text, overflow_names);
}

std::string_view to_string(QueueMode mode) noexcept { return name_of(mode, mode_names); }

Result<QueueMode> parse_queue_mode(std::string_view text) {
    return enum_from_name<QueueMode>("mode", text, mode_names);
}

std::string_view to_string(Strategy strategy) noexcept { return name_of(strategy, strategy_names); }

Result<Strategy> parse_strategy(std::string_view text) {
    return enum_from_name<Strategy>("strategy", text, strategy_names);
}

Result<QueueName> parse_queue_name(std::string_view text) {
    if (is_name(text)) return QueueName(std::string(text));
    return fail(Errc::invalid_argument,
        "a queue name is 1 to 128 characters of A-Z a-z 0-9 . _ - and no dot in front");
}

Result<SubscriptionName> parse_subscription_name(std::string_view text) {
    if (is_name(text)) return SubscriptionName(std::string(text));
    return fail(Errc::invalid_argument,
        "a subscription name is 1 to 128 characters of A-Z a-z 0-9 . _ - and no dot in front");
}

Result<LogStart> parse_log_start(std::string_view text) {
    if (text == "earliest") return LogStart{.kind = LogStart::Kind::earliest};
    if (text == "latest") return LogStart{.kind = LogStart::Kind::latest};
    LogStart start{.kind = LogStart::Kind::seq};
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, start.seq);
    if (parsed.ec != std::errc() || parsed.ptr != end || start.seq == 0) {
        return fail(Errc::invalid_argument,
            "a place in a log is `earliest`, `latest`, or the seq of a message");
    }
    return start;
}

Result<TenantId> parse_tenant_id(std::string_view text) {
    if (!is_name(text)) {
        return fail(Errc::invalid_argument,
            "a tenant is 1 to 128 characters of A-Z a-z 0-9 . _ - and no dot in front");
    }
    return TenantId(std::string(text));
}

}  // namespace baton

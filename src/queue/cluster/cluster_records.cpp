#include "queue/cluster/cluster_records.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::queue::cluster {
namespace {

constexpr std::string_view daemon_prefix = "daemon.";
constexpr std::string_view partition_prefix = "partition.";
/// Of the JSON; a larger one is not read.
constexpr std::int64_t format_version = 1;

std::optional<std::string_view> behind(std::string_view prefix, std::string_view key) {
    if (!key.starts_with(prefix) || key.size() == prefix.size()) return std::nullopt;
    return key.substr(prefix.size());
}

Result<boost::json::value> parse(std::string_view json) {
    auto value = parse_json(json);
    if (!value) return fail(Errc::protocol_error, value.error().detail);
    BATON_TRY(const auto fields, Fields::of(*value, {}, Errc::protocol_error));
    BATON_TRY(const auto version, fields.integer("v", {.max = format_version}));
    if (version != format_version) return fields.fail_at("v", "`v` is missing");
    return value;
}

/// 16 hex digits each, with a space between.
Result<std::vector<std::uint64_t>> parse_guests(std::string_view text) {
    constexpr std::size_t digits = 16;
    std::vector<std::uint64_t> guests;
    while (!text.empty()) {
        std::uint64_t uid = 0;
        const char* const end = text.data() + std::min(digits, text.size());
        const auto [stop, error] = std::from_chars(text.data(), end, uid, 16);
        const bool is_last = text.size() == digits;
        const bool is_one = stop == text.data() + digits && (is_last || text[digits] == ' ');
        if (error != std::errc() || !is_one || guests.size() == guests_max) {
            return fail(Errc::protocol_error, "`guests` are no uids, or too many");
        }
        guests.push_back(uid);
        text.remove_prefix(is_last ? digits : digits + 1);
    }
    return guests;
}

}  // namespace

DaemonId make_daemon_id(std::string_view name, std::uint64_t random) {
    return DaemonId(fmt::format("{}-{:016x}", name, random));
}

std::string daemon_key(const DaemonId& id) { return std::string(daemon_prefix) + id.text; }

std::string leader_key(Partition partition) {
    return std::string(partition_prefix) + std::to_string(partition);
}

Result<DaemonId> parse_daemon_key(std::string_view key) {
    const auto id = behind(daemon_prefix, key);
    if (!id) return fail(Errc::invalid_argument, "not the key of a daemon");
    return DaemonId(std::string(*id));
}

Result<Partition> parse_leader_key(std::string_view key) {
    const auto digits = behind(partition_prefix, key).value_or("");
    Partition partition = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), partition);
    const bool is_all = error == std::errc() && end == digits.data() + digits.size();
    if (!is_all || partition >= partitions_max || leader_key(partition) != key) {
        return fail(Errc::invalid_argument, "not the key of a partition");
    }
    return partition;
}

std::string to_json(const DaemonRecord& record) {
    std::string json;
    {
        JsonObjectText object(json);
        object.number("v", format_version);
        object.text("name", record.name);
        object.text("address", record.address);
        object.number("partitions", record.partitions);
        object.boolean("draining", record.is_draining);
        object.boolean("leads", record.may_lead);
        object.boolean("troubled", record.is_troubled);
    }
    return json;
}

std::string to_json(const LeaderRecord& record) {
    std::string json;
    {
        JsonObjectText object(json);
        object.number("v", format_version);
        object.text("leader", record.leader.text);
        object.boolean("serving", record.is_serving);
        object.text("next", record.next.text);
        if (!record.guests.empty()) {
            object.text("guests", fmt::format("{:016x}", fmt::join(record.guests, " ")));
        }
    }
    return json;
}

Result<DaemonRecord> parse_daemon_record(std::string_view json) {
    BATON_TRY(const auto value, parse(json));
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    DaemonRecord record;
    BATON_TRY(const auto name, fields.text("name"));
    BATON_TRY(const auto address, fields.text("address"));
    BATON_TRY(const auto partitions,
        fields.integer("partitions", {.fallback = 1, .min = 1, .max = partitions_max}));
    BATON_TRY(record.is_draining, fields.boolean("draining", false));
    BATON_TRY(record.may_lead, fields.boolean("leads", true));
    BATON_TRY(record.is_troubled, fields.boolean("troubled", false));
    record.name = name;
    record.address = address;
    record.partitions = static_cast<std::uint32_t>(partitions);
    return record;
}

Result<LeaderRecord> parse_leader_record(std::string_view json) {
    BATON_TRY(const auto value, parse(json));
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    BATON_TRY(const auto leader, fields.text("leader"));
    BATON_TRY(const auto next, fields.text("next"));
    BATON_TRY(const bool is_serving, fields.boolean("serving", false));
    BATON_TRY(const auto guests, fields.text("guests"));
    BATON_TRY(auto uids, parse_guests(guests));
    return LeaderRecord{.leader = DaemonId(std::string(leader)),
        .is_serving = is_serving,
        .next = DaemonId(std::string(next)),
        .guests = std::move(uids)};
}

}  // namespace baton::queue::cluster

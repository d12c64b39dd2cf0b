// What operators ask and hear, in JSON.
#include <array>
#include <utility>

#include <fmt/core.h>

#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 7> redrive_fields{
    "ids", "reason_contains", "dead_from", "dead_to", "limit", "rate_per_second", "target"};

Result<std::vector<MessageId>> read_ids(const Fields& fields) {
    std::vector<MessageId> ids;
    BATON_TRY(const auto* array, fields.array("ids"));
    if (array == nullptr) return ids;
    if (array->empty() || array->size() > RedriveRequest::ids_max) {
        return fields.fail_at("ids", fmt::format("1 to {} ids", RedriveRequest::ids_max));
    }
    for (std::size_t i = 0; i < array->size(); ++i) {
        const auto* text = (*array)[i].if_string();
        if (text == nullptr) return fields.fail_at(element("ids", i), "an id is text");
        auto id = MessageId::parse(*text);
        if (!id) return fields.fail_at(element("ids", i), std::move(id).error());
        ids.push_back(*id);
    }
    return ids;
}

Result<std::optional<TimePoint>> read_time(const Fields& fields, std::string_view name) {
    if (fields.find(name) == nullptr) return std::optional<TimePoint>();
    BATON_TRY(const auto time, fields.time(name, {}));
    return std::optional(time);
}

}  // namespace

Result<RedriveRequest> redrive_from_json(const QueueName& queue, const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, redrive_fields, Errc::invalid_argument));
    RedriveRequest request{.queue = queue};
    BATON_TRY(request.ids, read_ids(fields));
    BATON_TRY(request.reason_contains, fields.text("reason_contains", MessageLimits::reason_max));
    BATON_TRY(request.dead_from, read_time(fields, "dead_from"));
    BATON_TRY(request.dead_to, read_time(fields, "dead_to"));
    BATON_TRY(const auto limit, fields.integer("limit"));
    request.limit = static_cast<std::uint64_t>(limit);
    BATON_TRY(
        const auto rate, fields.integer("rate_per_second", {.max = RedriveRequest::rate_max}));
    request.rate_per_second = static_cast<std::uint32_t>(rate);
    if (fields.find("target") == nullptr) return request;
    BATON_TRY(const auto name, fields.text("target"));
    auto target = parse_queue_name(name);
    if (!target) return fields.fail_at("target", std::move(target).error());
    request.target = *std::move(target);
    return request;
}

json::object to_json(const StorageQuota& quota) {
    return {{"used_bytes", quota.used}, {"limit_bytes", quota.limit}};
}

Result<StorageQuota> storage_quota_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    BATON_TRY(const auto used, fields.integer("used_bytes"));
    BATON_TRY(const auto limit, fields.integer("limit_bytes"));
    return StorageQuota{
        .used = static_cast<std::uint64_t>(used), .limit = static_cast<std::uint64_t>(limit)};
}

void append_json(std::string& out, const Explanation& explanation) {
    JsonObjectText object(out);
    append_json(object.begin("message"), explanation.view);
    object.number("ahead", explanation.ahead);
    std::string& list = object.begin("hindrances");
    list += '[';
    for (std::size_t i = 0; i < explanation.hindrances.size(); ++i) {
        if (i != 0) list += ',';
        JsonObjectText hindrance(list);
        hindrance.text("code", explanation.hindrances[i].code);
        hindrance.text("detail", explanation.hindrances[i].detail);
    }
    list += ']';
}

Result<Explanation> explanation_from_json(const json::value& value) {
    BATON_TRY(const auto fields, Fields::of(value, {}, Errc::protocol_error));
    Explanation explanation;
    const auto* message = fields.find("message");
    if (message == nullptr) return fields.fail_at("message", "it is missing");
    BATON_TRY(explanation.view, message_view_from_json(*message));
    BATON_TRY(const auto ahead, fields.integer("ahead"));
    explanation.ahead = static_cast<std::uint64_t>(ahead);
    BATON_TRY(const auto* array, fields.array("hindrances"));
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        BATON_TRY(const auto entry, Fields::of((*array)[i], {}, Errc::protocol_error));
        BATON_TRY(const auto code, entry.text("code"));
        BATON_TRY(const auto detail, entry.text("detail"));
        explanation.hindrances.push_back({std::string(code), std::string(detail)});
    }
    return explanation;
}

}  // namespace baton

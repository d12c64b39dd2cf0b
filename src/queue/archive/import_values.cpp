#include "queue/archive/import_values.h"

#include <utility>

#include <boost/json/array.hpp>

#include "base/text.h"
#include "model/codec.h"
#include "queue/archive/archive_fields.h"

namespace baton::queue {

namespace json = boost::json;

Result<std::string> read_bytes(const Fields& fields, std::string_view name) {
    const std::string encoded_name = std::string(name) + "_base64";
    BATON_TRY(const auto encoded, fields.text(encoded_name));
    if (!encoded.empty()) {
        auto decoded = base64_decode(encoded);
        if (!decoded) return fields.fail_at(encoded_name, decoded.error());
        return decoded;
    }
    BATON_TRY(const auto text, fields.text(name));
    return std::string(text);
}
Result<TimePoint> read_time(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto ms, fields.integer(name, {.min = 0}));
    return from_unix_ms(ms);
}
Result<std::uint64_t> read_seq(const Fields& fields) {
    BATON_TRY(const auto seq,
        fields.integer("seq", {.min = 1, .max = static_cast<std::int64_t>(seq_max)}));
    return static_cast<std::uint64_t>(seq);
}
Result<std::uint32_t> read_count(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto count, fields.integer(name, {.max = UINT32_MAX}));
    return static_cast<std::uint32_t>(count);
}
Result<Fields> fields_of(const json::value& value, std::span<const std::string_view> known) {
    return Fields::of(value, known, Errc::invalid_argument);
}

Result<Delivery> read_delivery(const json::value& value) {
    BATON_TRY(const auto fields, fields_of(value, archive_fields::delivery));
    Delivery delivery;
    BATON_TRY(const auto state, fields.text("state"));
    BATON_TRY(delivery.state, parse_message_state(state));
    if (delivery.state != MessageState::ready && delivery.state != MessageState::leased &&
        delivery.state != MessageState::dead) {
        return fields.fail_at("state", "a delivered message is ready, leased or dead");
    }
    BATON_TRY(delivery.due_at, read_time(fields, "due_at"));
    BATON_TRY(delivery.attempts, read_count(fields, "attempts"));
    BATON_TRY(delivery.failures, read_count(fields, "failures"));
    BATON_TRY(delivery.entered_at, read_time(fields, "entered_at"));
    BATON_TRY(const auto level, fields.text("level"));
    if (!level.empty()) {
        BATON_TRY(delivery.level, parse_level(level));
    }
    BATON_TRY(delivery.anew, fields.boolean("anew", false));
    BATON_TRY(delivery.redriven, fields.boolean("redriven", false));
    BATON_TRY(delivery.dead_reason, read_bytes(fields, "dead_reason"));
    BATON_TRY(const auto* history, fields.array("history"));
    if (history == nullptr) return delivery;
    for (const auto& entry : *history) {
        BATON_TRY(const auto note, fields_of(entry, archive_fields::note));
        auto& kept = delivery.history.emplace_back();
        BATON_TRY(kept.at, read_time(note, "at"));
        BATON_TRY(kept.attempt, read_count(note, "attempt"));
        BATON_TRY(kept.reason, read_bytes(note, "reason"));
    }
    return delivery;
}

Result<void> check_metadata(const Fields& fields, std::string_view text) {
    if (text.empty()) return {};
    const auto value = parse_json(text);
    if (value && value->is_object()) return {};
    return fields.fail_at("metadata", std::string("is no JSON object"));
}

Result<std::shared_ptr<const MessageData>> read_data(const Fields& fields) {
    auto data = std::make_shared<MessageData>();
    BATON_TRY(const auto level, fields.text("priority"));
    BATON_TRY(data->priority, parse_level(level));
    BATON_TRY(data->ordering_key, read_bytes(fields, "ordering_key"));
    BATON_TRY(data->fairness_key, read_bytes(fields, "fairness_key"));
    BATON_TRY(data->dedup_key, read_bytes(fields, "dedup_key"));
    BATON_TRY(data->metadata, read_bytes(fields, "metadata"));
    BATON_TRY(const auto* headers, fields.array("headers"));
    for (std::size_t i = 0; headers != nullptr && i < headers->size(); ++i) {
        BATON_TRY(const auto entry, fields_of((*headers)[i], archive_fields::header));
        auto& header = data->headers.emplace_back();
        BATON_TRY(header.name, read_bytes(entry, "name"));
        BATON_TRY(header.value, read_bytes(entry, "value"));
    }
    BATON_TRY(auto content, read_bytes(fields, "content"));
    data->content = Bytes(std::move(content));
    // The same rules as at a post: what breaks them was never exported.
    const auto good = check_message({.data = *data});
    if (!good) return fields.fail_at(good.error().field, good.error().detail);
    BATON_TRY_VOID(check_metadata(fields, data->metadata));
    return data;
}

}  // namespace baton::queue

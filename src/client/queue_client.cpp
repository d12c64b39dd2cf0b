#include "client/queue_client.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "client/decode.h"
#include "model/codec.h"
#include "model/json_text.h"
#include "net/http.h"

namespace baton::client {
namespace {

namespace json = boost::json;

std::string queue_path(const QueueName& name, std::string_view rest = {}) {
    return "/v1/queues/" + net::percent_encode(name.text) + std::string(rest);
}

std::string message_path(MessageId id) { return "/v1/messages/" + id.text(); }

Settled settled_from(const json::object& object, std::string_view count_name) {
    const FieldReader fields(object);
    Settled settled{
        .count = static_cast<std::uint64_t>(fields.integer(count_name)), .failures = {}};
    const auto* errors = fields.array("errors");
    if (errors == nullptr) return settled;
    for (const auto& value : *errors) {
        const auto* error = value.if_object();
        if (error == nullptr) continue;
        const FieldReader reader(*error);
        settled.failures.push_back({reader.text("receipt"),
            Error{.code = errc_from_name(reader.text("code")), .detail = reader.text("message")}});
    }
    return settled;
}

/// Only what differs from the default.
json::object to_json(const RedriveRequest& request) {
    json::object body;
    if (!request.ids.empty()) {
        json::array ids;
        for (const MessageId& id : request.ids) ids.emplace_back(id.text());
        body["ids"] = std::move(ids);
    }
    if (!request.reason_contains.empty()) body["reason_contains"] = request.reason_contains;
    if (request.dead_from) body["dead_from"] = to_rfc3339(*request.dead_from);
    if (request.dead_to) body["dead_to"] = to_rfc3339(*request.dead_to);
    if (request.limit != 0) body["limit"] = request.limit;
    if (request.rate_per_second != 0) body["rate_per_second"] = request.rate_per_second;
    if (request.target) body["target"] = request.target->view();
    return body;
}

}  // namespace

Task<Result<QueueInfo>> QueueClient::put(
    QueueName name, QueueConfig config, std::optional<TenantId> owner) {
    Call call{.method = net::Method::put,
        .path = queue_path(name, owner ? "?owner=" + net::percent_encode(owner->text) : ""),
        .body = json_text(baton::to_json(config))};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return queue_info_from_json(answer);
}

Task<Result<QueueInfo>> QueueClient::get(QueueName name) {
    Call call{.path = queue_path(name)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return queue_info_from_json(answer);
}

Task<Result<std::vector<QueueInfo>>> QueueClient::list() {
    Call call{.path = "/v1/queues"};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return items_of(answer, "queues", &queue_info_from_json);
}

Task<Result<void>> QueueClient::remove(QueueName name) {
    Call call{.method = net::Method::del, .path = queue_path(name)};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

Task<Result<std::uint64_t>> QueueClient::purge(QueueName name) {
    Call call{.method = net::Method::post, .path = queue_path(name, "/purge")};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* object, as_object(answer));
    co_return static_cast<std::uint64_t>(FieldReader(*object).integer("purged"));
}

Task<Result<void>> QueueClient::set_paused(QueueName name, bool paused) {
    Call call{.method = net::Method::post, .path = queue_path(name, paused ? "/pause" : "/resume")};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

Task<Result<void>> QueueClient::pause_key(
    QueueName name, KeyKind kind, std::string key, bool paused) {
    json::object body;
    body[kind == KeyKind::ordering ? "ordering_key" : "fairness_key"] = key;
    Call call{.method = net::Method::post,
        .path = queue_path(name, paused ? "/pause" : "/resume"),
        .body = json_text(body)};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

Task<Result<std::uint64_t>> QueueClient::redrive(RedriveRequest request) {
    Call call{.method = net::Method::post,
        .path = queue_path(request.queue, "/redrive"),
        .body = json_text(to_json(request))};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* object, as_object(answer));
    co_return static_cast<std::uint64_t>(FieldReader(*object).integer("redriven"));
}

Task<Result<QueueStats>> QueueClient::stats(QueueName name) {
    Call call{.path = queue_path(name, "/stats")};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return queue_stats_from_json(answer);
}

Task<Result<std::vector<PostedMessage>>> QueueClient::post(
    QueueName name, std::vector<NewMessage> messages) {
    json::array list;
    for (const auto& message : messages) list.push_back(to_json(message));
    Call call{.method = net::Method::post,
        .path = queue_path(name, "/messages"),
        .body = json_text(list)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return items_of(answer, "messages", &posted_message_from_json);
}

Task<Result<std::vector<LeasedMessage>>> QueueClient::pop(QueueName name, PopOptions options) {
    json::object body;
    body["max"] = options.max;
    body["lease_ms"] = options.lease.count();
    body["wait_ms"] = options.wait.count();
    if (!options.acks.empty()) {
        json::array acks;
        for (const auto& receipt : options.acks) acks.emplace_back(receipt);
        body["ack"] = std::move(acks);
    }
    Call call{.method = net::Method::post,
        .path = queue_path(name, "/pop"),
        .body = json_text(body),
        .wait = options.wait};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return items_of(answer, "messages", &leased_message_from_json);
}

Task<Result<Settled>> QueueClient::settle(QueueName name, Receipts receipts) {
    json::array list;
    for (const auto& receipt : receipts.receipts) list.emplace_back(receipt);
    receipts.fields["receipts"] = std::move(list);
    Call call{.method = net::Method::post,
        .path = queue_path(name, "/" + receipts.verb),
        .body = json_text(receipts.fields)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(const auto* object, as_object(answer));
    co_return settled_from(*object, receipts.answer);
}

Task<Result<Settled>> QueueClient::ack(QueueName name, std::vector<std::string> receipts) {
    Receipts all{.verb = "ack", .answer = "acked", .receipts = std::move(receipts)};
    return settle(std::move(name), std::move(all));
}

Task<Result<Settled>> QueueClient::nack(
    QueueName name, std::vector<std::string> receipts, NackOptions options) {
    Receipts all{.verb = "nack", .answer = "nacked", .receipts = std::move(receipts)};
    all.fields["delay_ms"] = options.delay.count();
    const std::string reason = std::move(options.reason);
    if (!reason.empty()) all.fields["reason"] = reason;
    return settle(std::move(name), std::move(all));
}

Task<Result<Settled>> QueueClient::extend(
    QueueName name, std::vector<std::string> receipts, Duration lease) {
    Receipts all{.verb = "extend", .answer = "extended", .receipts = std::move(receipts)};
    all.fields["lease_ms"] = lease.count();
    return settle(std::move(name), std::move(all));
}

Task<Result<PeekPage>> QueueClient::peek(QueueName name, PeekOptions options) {
    auto query = fmt::format("/messages?limit={}", options.limit);
    if (options.state) query += "&state=" + std::string(to_string(*options.state));
    if (!options.cursor.empty()) query += "&after=" + net::percent_encode(options.cursor);
    Call call{.path = queue_path(name, query)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    BATON_CO_TRY(auto messages, items_of(answer, "messages", &message_view_from_json));
    BATON_CO_TRY(const auto* object, as_object(answer));
    co_return PeekPage{std::move(messages), FieldReader(*object).text("next")};
}

Task<Result<MessageView>> QueueClient::message(MessageId id) {
    Call call{.path = message_path(id)};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return message_view_from_json(answer);
}

Task<Result<void>> QueueClient::cancel(MessageId id) {
    Call call{.method = net::Method::del, .path = message_path(id)};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

Task<Result<Explanation>> QueueClient::explain(MessageId id) {
    Call call{.path = message_path(id) + "/explain"};
    BATON_CO_TRY(const auto answer, co_await connection_.call(std::move(call)));
    co_return explanation_from_json(answer);
}

Task<Result<void>> QueueClient::reschedule(MessageId id, Duration delay) {
    Call call{.method = net::Method::post,
        .path = message_path(id) + "/reschedule",
        .body = json_text(json::object{{"delay_ms", delay.count()}})};
    BATON_CO_TRY_VOID(co_await connection_.call(std::move(call)));
    co_return Result<void>();
}

}  // namespace baton::client

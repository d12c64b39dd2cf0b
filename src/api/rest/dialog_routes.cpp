// /api/v1/messages: messages to agents, and what became of them.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/dialog.h"
#include "api/rest/input.h"
#include "api/rest/listing.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

Result<service::OutgoingMessage> read_send(const net::Request& request) {
    static constexpr std::array<std::string_view, 6> known{
        "conversation_id", "user_id", "content", "priority", "metadata", "agent_id"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(request, known));
    BATON_TRY(auto message, read_outgoing(fields));
    BATON_TRY(message.conversation_id, read_id<ConversationId>(fields, "conversation_id"));
    return message;
}

Task<Result<net::Response>> send_message(Call& call) {
    BATON_CO_TRY(auto message, read_send(call.request));
    message.dedup_key = call.dedup_key;
    auto& messages = call.deps.messages;
    BATON_CO_TRY(const auto sent, co_await messages.send(call.who, std::move(message)));
    call.is_repeat = sent.is_repeat;
    co_return success(201, dialog_object(sent.message, messages.config()));
}

Task<Result<net::Response>> get_message(Call& call) {
    static constexpr std::array<std::string_view, 1> known{"wait_ms"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY(const auto wait, query_milliseconds(call.request, "wait_ms", Duration(0)));
    auto& messages = call.deps.messages;
    BATON_CO_TRY(const auto message, co_await messages.get(call.who, id, wait));
    co_return success(200, dialog_object(message, messages.config()));
}

Task<Result<net::Response>> list_steps(Call& call) {
    static constexpr std::array<std::string_view, 2> known{"after", "page_size"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY(const auto size, query_count(call.request, "page_size", 20));
    std::optional<std::uint32_t> after;
    if (call.request.query_value("after")) {
        BATON_CO_TRY(after, query_count(call.request, "after", 0));
    }
    BATON_CO_TRY(const auto page, co_await call.deps.traces.steps(call.who, id, after, size));
    json::array steps;
    for (const auto& step : page.steps) steps.push_back(to_json(step));
    json::object data;
    data["message_id"] = id.text();
    data["steps"] = std::move(steps);
    data["next"] = page.next ? json::value(*page.next) : json::value(nullptr);
    co_return success(200, std::move(data));
}

Result<service::MessageFilter> read_filter(const net::Request& request) {
    service::MessageFilter filter;
    if (const auto text = request.query_value("conversation_id")) {
        filter.conversation_id = ConversationId(std::string(*text));
    }
    if (const auto text = request.query_value("user_id")) {
        filter.user_id = UserId(std::string(*text));
    }
    if (const auto text = request.query_value("status")) {
        const auto status = parse_dialog_status(*text);
        if (!status) return fail_field(Errc::invalid_argument, "status", status.error().detail);
        filter.status = *status;
    }
    if (const auto text = request.query_value("priority")) {
        BATON_TRY(filter.priority, level_of("priority", *text));
    }
    return filter;
}

Task<Result<net::Response>> list_messages(Call& call) {
    static constexpr std::array<std::string_view, 9> known{"conversation_id", "user_id", "status",
        "priority", "page", "page_size", "after", "sort", "order"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(auto filter, read_filter(call.request));
    BATON_CO_TRY(const auto page, read_page(call.request, true));
    Listing<DialogMessage> listing{.name = "messages"};
    listing.read = [&messages = call.deps.messages, who = call.who, filter = std::move(filter)](
                       service::PageRequest part) {
        return messages.list(who, filter, std::move(part));
    };
    listing.write = [&config = call.deps.messages.config()](ListText& out,
                        const DialogMessage& message) { out.add(dialog_object(message, config)); };
    auto answering = list_response(std::move(listing), page);
    co_return co_await std::move(answering);
}

Result<DialogStatus> read_status(const net::Request& request) {
    static constexpr std::array<std::string_view, 1> known{"status"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(request, known));
    BATON_TRY(const auto text, fields.text("status"));
    const auto status = parse_dialog_status(text);
    if (!status) return fields.fail_at("status", status.error().detail);
    return *status;
}

Task<Result<net::Response>> put_status(Call& call) {
    BATON_CO_TRY(const auto status, read_status(call.request));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY(
        const auto message, co_await call.deps.conversations.set_status(call.who, id, status));
    co_return success(200, dialog_object(message, call.deps.messages.config()));
}

Task<Result<net::Response>> delete_message(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    BATON_CO_TRY(const auto id, message_of(call));
    BATON_CO_TRY_VOID(co_await call.deps.conversations.delete_message(call.who, id));
    co_return success(200, {{"id", id.text()}, {"deleted", true}});
}

constexpr std::array<Route, 6> table{{
    {{Method::post, "/api/v1/messages", Auth::member}, send_message, Repeats::once},
    {{Method::get, "/api/v1/messages", Auth::member}, list_messages},
    {{Method::get, "/api/v1/messages/{id}", Auth::member}, get_message},
    {{Method::get, "/api/v1/messages/{id}/steps", Auth::member}, list_steps},
    {{Method::put, "/api/v1/messages/{id}/status", Auth::member}, put_status},
    {{Method::del, "/api/v1/messages/{id}", Auth::member}, delete_message},
}};

}  // namespace

std::span<const Route> dialog_routes() { return table; }

}  // namespace baton::api::rest

// /api/v1/conversations: conversations and the turns in them.
#include <array>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/dialog.h"
#include "api/rest/input.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

namespace json = boost::json;
using net::Method;

Result<service::NewConversation> read_conversation(const net::Request& request) {
    static constexpr std::array<std::string_view, 4> known{
        "user_id", "title", "priority", "metadata"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(request, known));
    service::NewConversation conversation;
    BATON_TRY(conversation.user_id, read_id<UserId>(fields, "user_id"));
    BATON_TRY(conversation.title, fields.text("title"));
    BATON_TRY(conversation.priority, read_priority(fields));
    BATON_TRY(conversation.metadata, read_metadata(fields));
    return conversation;
}

Task<Result<net::Response>> create_conversation(Call& call) {
    BATON_CO_TRY(auto conversation, read_conversation(call.request));
    BATON_CO_TRY(const auto made,
        co_await call.deps.messages.create_conversation(call.who, std::move(conversation)));
    co_return success(201, to_json(made));
}

Result<service::ConversationFilter> read_filter(const net::Request& request) {
    service::ConversationFilter filter;
    if (const auto text = request.query_value("user_id")) {
        filter.user_id = UserId(std::string(*text));
    }
    if (const auto text = request.query_value("state")) {
        const auto state = parse_conversation_state(*text);
        if (!state) return fail_field(Errc::invalid_argument, "state", state.error().detail);
        filter.state = *state;
    }
    return filter;
}

Task<Result<net::Response>> list_conversations(Call& call) {
    static constexpr std::array<std::string_view, 7> known{
        "user_id", "state", "page", "page_size", "after", "sort", "order"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(auto filter, read_filter(call.request));
    BATON_CO_TRY(const auto page, read_page(call.request, true));
    BATON_CO_TRY(const auto found,
        co_await call.deps.messages.list_conversations(call.who, std::move(filter), page));
    json::array items;
    for (const auto& conversation : found.items) items.push_back(to_json(conversation));
    co_return success(
        200, page_object("conversations", std::move(items), page, found.total, found.next));
}

Task<Result<net::Response>> get_conversation(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    ConversationId id{std::string(call.params[0])};
    BATON_CO_TRY(const auto conversation,
        co_await call.deps.messages.get_conversation(call.who, std::move(id)));
    co_return success(200, to_json(conversation));
}

/// One row holds both turns; readers get them as two messages, in the order asked for.
void append_turns(json::array& items, const DialogMessage& message,
    const service::MessageServiceConfig& config, bool descending) {
    if (descending && message.reply) items.push_back(answer_object(message, config));
    items.push_back(dialog_object(message, config));
    if (!descending && message.reply) items.push_back(answer_object(message, config));
}

Task<Result<net::Response>> list_turns(Call& call) {
    static constexpr std::array<std::string_view, 5> known{
        "page", "page_size", "after", "sort", "order"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(const auto page, read_page(call.request, false));
    ConversationId id{std::string(call.params[0])};
    auto& messages = call.deps.messages;
    BATON_CO_TRY(
        const auto found, co_await messages.conversation_messages(call.who, std::move(id), page));
    json::array items;
    for (const auto& message : found.items) {
        append_turns(items, message, messages.config(), page.descending);
    }
    co_return success(
        200, page_object("messages", std::move(items), page, found.total, found.next));
}

Result<service::OutgoingMessage> read_turn(const Call& call) {
    static constexpr std::array<std::string_view, 5> known{
        "user_id", "content", "priority", "metadata", "agent_id"};
    BATON_TRY_VOID(check_query(call.request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(call.request, known));
    BATON_TRY(auto message, read_outgoing(fields));
    message.conversation_id = ConversationId(std::string(call.params[0]));
    return message;
}

Task<Result<net::Response>> append_turn(Call& call) {
    BATON_CO_TRY(auto message, read_turn(call));
    auto& messages = call.deps.messages;
    BATON_CO_TRY(const auto sent, co_await messages.send(call.who, std::move(message)));
    co_return success(201, dialog_object(sent, messages.config()));
}

constexpr std::array<Route, 5> table{{
    {{Method::post, "/api/v1/conversations", Auth::member}, create_conversation},
    {{Method::get, "/api/v1/conversations", Auth::member}, list_conversations},
    {{Method::get, "/api/v1/conversations/{id}", Auth::member}, get_conversation},
    {{Method::get, "/api/v1/conversations/{id}/messages", Auth::member}, list_turns},
    {{Method::post, "/api/v1/conversations/{id}/messages", Auth::member}, append_turn},
}};

}  // namespace

std::span<const Route> conversation_routes() { return table; }

}  // namespace baton::api::rest

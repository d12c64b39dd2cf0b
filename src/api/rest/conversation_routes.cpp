// /api/v1/conversations: conversations and the turns in them.
#include <array>
#include <string>
#include <utility>

#include "api/rest/call.h"
#include "api/rest/dialog.h"
#include "api/rest/input.h"
#include "api/rest/listing.h"
#include "model/codec.h"

namespace baton::api::rest {
namespace {

using net::Method;

Result<std::optional<TimePoint>> read_expiry(const Fields& fields) {
    if (fields.find("expires_at") == nullptr) return std::optional<TimePoint>();
    BATON_TRY(const auto time, fields.time("expires_at", {}));
    return std::optional<TimePoint>(time);
}

/// A field of text that stays as it is when absent.
Result<std::optional<std::string>> read_new_text(const Fields& fields, std::string_view name) {
    if (fields.find(name) == nullptr) return std::optional<std::string>();
    BATON_TRY(const auto text, fields.text(name));
    return std::optional<std::string>(std::string(text));
}

Result<conversations::ConversationChange> read_change(const net::Request& request) {
    static constexpr std::array<std::string_view, 6> known{
        "title", "context", "state", "priority", "metadata", "expires_at"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto* value, body.parse(request));
    BATON_TRY(const auto fields, Fields::of(*value, known, Errc::invalid_argument));
    conversations::ConversationChange change;
    BATON_TRY(change.title, read_new_text(fields, "title"));
    BATON_TRY(change.context, read_new_text(fields, "context"));
    if (fields.find("state") != nullptr) {
        BATON_TRY(const auto text, fields.text("state"));
        const auto state = parse_conversation_state(text);
        if (!state) return fields.fail_at("state", state.error().detail);
        change.state = *state;
    }
    if (fields.find("priority") != nullptr) {
        BATON_TRY(change.priority, read_priority(fields));
    }
    if (fields.find("metadata") != nullptr) {
        BATON_TRY(change.metadata, read_metadata(fields));
    }
    // null is a value here: back to the configured idle time.
    change.changes_expiry = value->as_object().contains("expires_at");
    BATON_TRY(change.expires_at, read_expiry(fields));
    return change;
}

Result<service::NewConversation> read_conversation(const net::Request& request) {
    static constexpr std::array<std::string_view, 6> known{
        "user_id", "title", "priority", "metadata", "context", "expires_at"};
    BATON_TRY_VOID(check_query(request, {}));
    JsonBody body;
    BATON_TRY(const auto fields, body.parse(request, known));
    service::NewConversation conversation;
    BATON_TRY(conversation.user_id, read_id<UserId>(fields, "user_id"));
    BATON_TRY(conversation.title, fields.text("title"));
    BATON_TRY(conversation.priority, read_priority(fields));
    BATON_TRY(conversation.metadata, read_metadata(fields));
    BATON_TRY(conversation.context, fields.text("context"));
    BATON_TRY(conversation.expires_at, read_expiry(fields));
    return conversation;
}

Task<Result<net::Response>> create_conversation(Call& call) {
    BATON_CO_TRY(auto conversation, read_conversation(call.request));
    if (!call.draw.empty()) conversation.id = ConversationId("c_" + call.draw);
    BATON_CO_TRY(const auto made,
        co_await call.deps.messages.create_conversation(call.who, std::move(conversation)));
    call.is_repeat = made.is_repeat;
    co_return success(201, to_json(made.conversation));
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
    Listing<Conversation> listing{.name = "conversations"};
    listing.read = [&messages = call.deps.messages, who = call.who, filter = std::move(filter)](
                       service::PageRequest part) {
        return messages.list_conversations(who, filter, std::move(part));
    };
    listing.write = [](ListText& out, const Conversation& conversation) {
        out.add(to_json(conversation));
    };
    auto answering = list_response(std::move(listing), page);
    co_return co_await std::move(answering);
}

Task<Result<net::Response>> change_conversation(Call& call) {
    BATON_CO_TRY(auto change, read_change(call.request));
    ConversationId id{std::string(call.params[0])};
    BATON_CO_TRY(const auto changed,
        co_await call.deps.conversations.change(call.who, std::move(id), std::move(change)));
    co_return success(200, to_json(changed));
}

Task<Result<net::Response>> archive_conversation(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    conversations::ConversationChange change;
    change.state = ConversationState::archived;
    ConversationId id{std::string(call.params[0])};
    BATON_CO_TRY(const auto changed,
        co_await call.deps.conversations.change(call.who, std::move(id), std::move(change)));
    co_return success(200, to_json(changed));
}

Task<Result<net::Response>> delete_conversation(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    ConversationId id{std::string(call.params[0])};
    BATON_CO_TRY_VOID(co_await call.deps.conversations.remove(call.who, id));
    co_return success(200, {{"id", id.view()}, {"deleted", true}});
}

Task<Result<net::Response>> get_conversation(Call& call) {
    BATON_CO_TRY_VOID(check_query(call.request, {}));
    ConversationId id{std::string(call.params[0])};
    BATON_CO_TRY(const auto conversation,
        co_await call.deps.messages.get_conversation(call.who, std::move(id)));
    co_return success(200, to_json(conversation));
}

/// One row holds both turns; readers get them as two messages, in the order asked for.
void add_turns(ListText& out, const DialogMessage& message,
    const service::MessageServiceConfig& config, bool descending) {
    if (descending && message.reply) out.add(answer_object(message, config));
    out.add(dialog_object(message, config));
    if (!descending && message.reply) out.add(answer_object(message, config));
}

Task<Result<net::Response>> list_turns(Call& call) {
    static constexpr std::array<std::string_view, 5> known{
        "page", "page_size", "after", "sort", "order"};
    BATON_CO_TRY_VOID(check_query(call.request, known));
    BATON_CO_TRY(const auto page, read_page(call.request, false));
    ConversationId id{std::string(call.params[0])};
    Listing<DialogMessage> listing{.name = "messages"};
    listing.read = [&messages = call.deps.messages, who = call.who, id = std::move(id)](
                       service::PageRequest part) {
        return messages.conversation_messages(who, id, std::move(part));
    };
    listing.write = [&config = call.deps.messages.config(), descending = page.descending](
                        ListText& out, const DialogMessage& message) {
        add_turns(out, message, config, descending);
    };
    auto answering = list_response(std::move(listing), page);
    co_return co_await std::move(answering);
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
    message.dedup_key = call.dedup_key;
    auto& messages = call.deps.messages;
    BATON_CO_TRY(const auto sent, co_await messages.send(call.who, std::move(message)));
    call.is_repeat = sent.is_repeat;
    co_return success(201, dialog_object(sent.message, messages.config()));
}

constexpr std::array<Route, 8> table{{
    {{Method::post, "/api/v1/conversations", Auth::member}, create_conversation, Repeats::once},
    {{Method::get, "/api/v1/conversations", Auth::member}, list_conversations},
    {{Method::get, "/api/v1/conversations/{id}", Auth::member}, get_conversation},
    {{Method::put, "/api/v1/conversations/{id}", Auth::member}, change_conversation},
    {{Method::del, "/api/v1/conversations/{id}", Auth::member}, delete_conversation},
    {{Method::post, "/api/v1/conversations/{id}/archive", Auth::member}, archive_conversation},
    {{Method::get, "/api/v1/conversations/{id}/messages", Auth::member}, list_turns},
    {{Method::post, "/api/v1/conversations/{id}/messages", Auth::member}, append_turn,
        Repeats::once},
}};

}  // namespace

std::span<const Route> conversation_routes() { return table; }

}  // namespace baton::api::rest

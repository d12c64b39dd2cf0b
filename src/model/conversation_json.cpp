// Conversations and their messages in JSON, as /api/v1 shows them.
#include <utility>

#include "base/text.h"
#include "model/codec.h"

namespace baton {
namespace {

namespace json = boost::json;

/// Metadata was checked when it came in; should the store hold something else, it is shown as text.
json::value metadata_value(const std::string& metadata) {
    if (metadata.empty()) return json::object();
    auto value = parse_json(metadata);
    return value ? *std::move(value) : json::value(metadata);
}

json::object reply_of(const DialogMessage& message, const DialogReply& reply) {
    return {{"message_id", message.id.text()}, {"content", reply.content}, {"model", reply.model},
        {"usage", json::object{{"input_tokens", reply.usage.input_tokens},
                      {"output_tokens", reply.usage.output_tokens},
                      {"total_tokens", reply.usage.input_tokens + reply.usage.output_tokens}}},
        {"created_at", to_rfc3339(reply.created_at)}};
}

}  // namespace

json::object to_json(const Conversation& conversation) {
    return {{"id", conversation.id.view()}, {"user_id", conversation.user_id.view()},
        {"title", conversation.title}, {"context", conversation.context},
        {"status", to_string(conversation.state)}, {"state", to_string(conversation.state)},
        {"priority", to_string(conversation.priority)},
        {"message_count", conversation.message_count},
        {"created_at", to_rfc3339(conversation.created_at)},
        {"updated_at", to_rfc3339(conversation.updated_at)},
        {"last_active_at", to_rfc3339(conversation.last_active_at)},
        {"expires_at", conversation.expires_at ? json::value(to_rfc3339(*conversation.expires_at))
                                               : json::value(nullptr)},
        {"metadata", metadata_value(conversation.metadata)}};
}

json::object to_json(const DialogMessage& message) {
    json::object object{{"id", message.id.text()},
        {"conversation_id", message.conversation_id.view()}, {"user_id", message.user_id.view()},
        {"agent_id", message.agent_id.view()}, {"role", to_string(Role::user)},
        {"content", message.content}, {"priority", to_string(message.priority)},
        {"status", to_string(message.status)}, {"queue_name", "llm"},
        {"retry_count", message.retry_count}, {"created_at", to_rfc3339(message.created_at)},
        {"updated_at", to_rfc3339(message.updated_at)},
        {"scheduled_at", to_rfc3339(message.created_at)}, {"completed_at", nullptr},
        {"metadata", metadata_value(message.metadata)}};
    if (message.completed_at) object["completed_at"] = to_rfc3339(*message.completed_at);
    if (!message.error.empty()) object["error"] = message.error;
    if (message.reply) object["reply"] = reply_of(message, *message.reply);
    return object;
}

json::object to_json(const User& user) {
    const auto limit_of = [](const std::optional<std::uint32_t>& limit) {
        return limit ? json::value(*limit) : json::value(nullptr);
    };
    return {{"id", user.id.view()}, {"tier", user.tier},
        {"messages_per_minute", limit_of(user.messages_per_minute)},
        {"messages_per_day", limit_of(user.messages_per_day)},
        {"metadata", metadata_value(user.metadata)}, {"created_at", to_rfc3339(user.created_at)},
        {"updated_at", to_rfc3339(user.updated_at)}};
}

}  // namespace baton

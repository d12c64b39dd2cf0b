#include "client/decode.h"

#include <boost/json/parse.hpp>

#include "base/text.h"
#include "model/json_text.h"

namespace baton::client {
namespace {

namespace json = boost::json;

std::unexpected<Error> strange(std::string_view what) {
    return fail(Errc::protocol_error, "the daemon's answer lacks " + std::string(what));
}

/// The text of a JSON object; empty for none.
std::string object_text(const json::object* object) {
    return object == nullptr || object->empty() ? std::string() : json_text(*object);
}

std::optional<DialogReply> reply_of(const FieldReader& fields) {
    const auto* object = fields.object("reply");
    if (object == nullptr) return std::nullopt;
    const FieldReader reader(*object);
    DialogReply reply;
    reply.content = reader.text("content");
    reply.model = reader.text("model");
    reply.created_at = reader.time("created_at").value_or(TimePoint{});
    if (const auto* usage = reader.object("usage")) {
        const FieldReader counts(*usage);
        reply.usage.input_tokens = static_cast<std::uint64_t>(counts.integer("input_tokens"));
        reply.usage.output_tokens = static_cast<std::uint64_t>(counts.integer("output_tokens"));
    }
    return reply;
}

std::uint64_t count_of(const FieldReader& fields, std::string_view name) {
    return static_cast<std::uint64_t>(fields.integer(name));
}

ToolCall call_of(const FieldReader& fields, std::string_view id) {
    return {
        .id = fields.text(id), .name = fields.text("name"), .arguments = fields.text("arguments")};
}

ChatResult answer_of(const FieldReader& fields) {
    ChatResult answer{.content = fields.text("content"),
        .model = fields.text("model"),
        .finish_reason = fields.text("finish_reason"),
        .refusal = fields.text("refusal"),
        .reasoning = fields.text("reasoning"),
        .cost = fields.number("cost")};
    if (const auto* calls = fields.array("tool_calls")) {
        for (const auto& call : *calls) {
            if (!call.is_object()) continue;
            answer.tool_calls.push_back(call_of(FieldReader(call.get_object()), "id"));
        }
    }
    if (const auto* usage = fields.object("usage")) {
        const FieldReader counts(*usage);
        answer.usage = {.input_tokens = count_of(counts, "input_tokens"),
            .output_tokens = count_of(counts, "output_tokens"),
            .cached_input_tokens = count_of(counts, "cached_input_tokens"),
            .reasoning_tokens = count_of(counts, "reasoning_tokens")};
    }
    return answer;
}

}  // namespace

std::string FieldReader::text(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
}

std::int64_t FieldReader::integer(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return 0;
    if (value->is_int64()) return value->get_int64();
    if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
    return 0;
}

double FieldReader::number(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    if (value != nullptr && value->is_double()) return value->get_double();
    return static_cast<double>(integer(name));
}

bool FieldReader::boolean(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

const json::object* FieldReader::object(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    return value == nullptr ? nullptr : value->if_object();
}

const json::array* FieldReader::array(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    return value == nullptr ? nullptr : value->if_array();
}

std::optional<TimePoint> FieldReader::time(std::string_view name) const {
    const auto* value = object_.if_contains(name);
    if (value == nullptr || !value->is_string()) return std::nullopt;
    const auto time = from_rfc3339(value->get_string());
    return time ? std::optional(*time) : std::nullopt;
}

Result<const json::object*> as_object(const json::value& value) {
    const auto* object = value.if_object();
    if (object == nullptr) return strange("an object");
    return object;
}

Result<const json::array*> list_of(const json::value& value, std::string_view name) {
    BATON_TRY(const auto* object, as_object(value));
    const auto* list = FieldReader(*object).array(name);
    if (list == nullptr) return strange("the list `" + std::string(name) + "`");
    return list;
}

Result<const json::object*> data_of(const json::value& envelope) {
    BATON_TRY(const auto* object, as_object(envelope));
    const auto* data = FieldReader(*object).object("data");
    if (data == nullptr) return strange("`data`");
    return data;
}

Result<DialogMessage> dialog_message_from_json(const json::object& object) {
    const FieldReader fields(object);
    DialogMessage message;
    const auto id = MessageId::parse(fields.text("id"));
    const auto status = parse_dialog_status(fields.text("status"));
    if (!id || !status) return strange("a message's id or status");
    message.id = *id;
    message.status = *status;
    message.conversation_id = ConversationId(fields.text("conversation_id"));
    message.user_id = UserId(fields.text("user_id"));
    message.agent_id = AgentId(fields.text("agent_id"));
    message.content = fields.text("content");
    if (const auto level = parse_level(fields.text("priority"))) message.priority = *level;
    message.retry_count = static_cast<std::uint32_t>(fields.integer("retry_count"));
    message.metadata = object_text(fields.object("metadata"));
    message.error = fields.text("error");
    message.created_at = fields.time("created_at").value_or(TimePoint{});
    message.updated_at = fields.time("updated_at").value_or(TimePoint{});
    message.completed_at = fields.time("completed_at");
    message.reply = reply_of(fields);
    return message;
}

Result<TracedStep> traced_step_from_json(const json::object& object) {
    const FieldReader fields(object);
    TracedStep step{.number = static_cast<std::uint32_t>(fields.integer("number")),
        .began_at = fields.time("began_at").value_or(TimePoint{}),
        .ended_at = fields.time("ended_at").value_or(TimePoint{})};
    const auto kind = fields.text("kind");
    if (kind == to_string(StepKind::model)) {
        step.answer = answer_of(fields);
        return step;
    }
    if (kind != to_string(StepKind::tool) && kind != to_string(StepKind::wait)) {
        return strange("a kind of step that is known");
    }
    step.kind = kind == to_string(StepKind::tool) ? StepKind::tool : StepKind::wait;
    step.call = call_of(fields, "call_id");
    step.result = fields.text("result");
    step.is_error = fields.boolean("is_error");
    step.until = fields.time("until");
    if (const auto id = MessageId::parse(fields.text("message_id"))) step.message = *id;
    return step;
}

Result<Conversation> conversation_from_json(const json::object& object) {
    const FieldReader fields(object);
    Conversation conversation;
    conversation.id = ConversationId(fields.text("id"));
    if (conversation.id.empty()) return strange("a conversation's id");
    conversation.user_id = UserId(fields.text("user_id"));
    conversation.title = fields.text("title");
    if (const auto state = parse_conversation_state(fields.text("state")))
        conversation.state = *state;
    if (const auto level = parse_level(fields.text("priority"))) conversation.priority = *level;
    conversation.metadata = object_text(fields.object("metadata"));
    conversation.message_count = static_cast<std::uint64_t>(fields.integer("message_count"));
    conversation.created_at = fields.time("created_at").value_or(TimePoint{});
    conversation.updated_at = fields.time("updated_at").value_or(TimePoint{});
    conversation.last_active_at = fields.time("last_active_at").value_or(TimePoint{});
    return conversation;
}

json::object to_json(const NewMessage& message) {
    json::object object;
    const auto content = message.data.content.view();
    if (is_utf8(content)) {
        object["content"] = content;
    } else {
        object["content_base64"] = base64_encode(content);
    }
    object["priority"] = to_string(message.data.priority);
    if (message.deliver_at) object["deliver_at"] = to_rfc3339(*message.deliver_at);
    if (message.delay.count() > 0) object["delay_ms"] = message.delay.count();
    if (message.ttl.count() > 0) object["ttl_ms"] = message.ttl.count();
    const auto set = [&](std::string_view name, const std::string& text) {
        if (!text.empty()) object[name] = text;
    };
    set("dedup_key", message.data.dedup_key);
    set("ordering_key", message.data.ordering_key);
    set("fairness_key", message.data.fairness_key);
    if (!message.data.headers.empty()) {
        json::object headers;
        for (const auto& header : message.data.headers) headers[header.name] = header.value;
        object["headers"] = std::move(headers);
    }
    if (!message.data.metadata.empty()) {
        boost::system::error_code error;
        auto metadata = json::parse(message.data.metadata, error);
        if (!error) object["metadata"] = std::move(metadata);
    }
    return object;
}

}  // namespace baton::client

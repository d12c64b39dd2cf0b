#include "dispatch/work_item.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

#include "agents/agent.h"
#include "dispatch/reconciler.h"
#include "model/chat_json.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::dispatch {
namespace {

namespace json = boost::json;

constexpr std::int64_t version = 1;  // of the content's shape; never renumber
constexpr std::string_view chat_kind = "chat";
constexpr std::uint64_t answer_tokens = 256;  // of an answer whose length nobody bounds: a guess

Result<std::string> text_member(const json::object& item, std::string_view name) {
    const auto* value = item.if_contains(name);
    if (value == nullptr || !value->is_string()) {
        return fail_field(Errc::invalid_message, std::string(name),
            fmt::format("a work item needs `{}` as a text", name));
    }
    return std::string(std::string_view(value->get_string()));
}

/// Our own items keep it as the text it was; one written by hand may have the object itself.
std::string metadata_of(const json::object& item) {
    const auto* value = item.if_contains("metadata");
    if (value == nullptr || value->is_null()) return {};
    if (value->is_string()) return std::string(std::string_view(value->get_string()));
    return json_text(*value);
}

Header cost_header_of(std::uint64_t tokens) {
    const auto cost = std::clamp<std::uint64_t>(tokens, 1, cost_max);
    return {std::string(cost_header), std::to_string(cost)};
}

std::uint64_t tokens_of(const ChatRequest& request) {
    std::uint64_t tokens = request.options.max_output_tokens.value_or(answer_tokens);
    for (const auto& message : request.messages) {
        tokens += agents::estimate_tokens(message.content);
    }
    return tokens;
}

Result<json::object> parse_item(std::string_view content) {
    auto value = parse_json(content, {}, json_answer_depth_max);
    if (!value || !value->is_object()) {
        return fail(Errc::invalid_message, "a work item is a JSON object; this content is none");
    }
    const auto* v = value->get_object().if_contains("v");
    if (v == nullptr || !v->is_int64() || v->get_int64() != version) {
        return fail_field(Errc::invalid_message, "v",
            fmt::format("a work item has `v` {}; this one was not made by this version", version));
    }
    return std::move(value->get_object());
}

Result<DialogMessage> dialog_of(const json::object& item, const MessageView& message) {
    DialogMessage dialog;
    dialog.id = message.id;
    BATON_TRY(dialog.conversation_id.text, text_member(item, "conversation_id"));
    BATON_TRY(dialog.user_id.text, text_member(item, "user_id"));
    BATON_TRY(dialog.agent_id.text, text_member(item, "agent_id"));
    BATON_TRY(dialog.content, text_member(item, "content"));
    dialog.metadata = metadata_of(item);
    dialog.priority = message.data->priority;
    dialog.retry_count = message.failures;
    dialog.created_at = message.posted_at;
    dialog.updated_at = message.posted_at;
    return dialog;
}

Result<ChatWork> chat_of(const json::object& item) {
    ChatWork work;
    BATON_TRY(work.tenant.text, text_member(item, "tenant"));
    BATON_TRY(work.session, text_member(item, "session"));
    const auto* request = item.if_contains("request");
    auto read = request == nullptr ? fail_field(Errc::invalid_message, "", "is missing")
                                   : chat_request_from_json(*request);
    if (!read) {
        auto error = std::move(read).error();
        error.code = Errc::invalid_message;
        error.field = error.field.empty() ? "request" : "request." + error.field;
        return fail(std::move(error));
    }
    work.request = *std::move(read);
    const auto* echo = item.if_contains("echo");
    if (echo != nullptr && echo->is_object()) work.echo = json_text(*echo);
    const auto* keeps = item.if_contains("keeps_context");
    work.keeps_context = keeps != nullptr && *keeps == json::value(true);
    return work;
}

/// The error of a reply that says one; its numbers and names as append_json writes them.
std::optional<Error> error_of(const json::object& reply) {
    const auto* value = reply.if_contains("error");
    const auto* shown = value == nullptr ? nullptr : value->if_object();
    if (shown == nullptr) return std::nullopt;
    Error error;
    if (const auto* code = shown->if_contains("code"); code != nullptr && code->is_string()) {
        error.code = errc_from_name(code->get_string());
    }
    if (const auto* text = shown->if_contains("message"); text != nullptr && text->is_string()) {
        error.detail = text->get_string();
    }
    if (const auto* after = shown->if_contains("retry_after_ms");
        after != nullptr && after->is_int64()) {
        error.retry_after = std::chrono::milliseconds(after->get_int64());
    }
    if (const auto* details = shown->if_contains("details");
        details != nullptr && details->is_object()) {
        const auto* field = details->get_object().if_contains("field");
        if (field != nullptr && field->is_string()) error.field = field->get_string();
    }
    return error;
}

std::optional<json::value> echo_of(const ChatWork& work) {
    if (work.echo.empty()) return std::nullopt;
    auto echo = parse_json(work.echo, {}, json_answer_depth_max);
    return echo ? std::optional(*std::move(echo)) : std::nullopt;
}

std::string completed(std::string_view model, const TokenUsage& usage) {
    const json::object metadata{{"status", to_string(DialogStatus::completed)}, {"model", model},
        {"input_tokens", usage.input_tokens}, {"output_tokens", usage.output_tokens}};
    return json_text(metadata);
}

std::string failed_as(DialogStatus status, std::string_view error) {
    return json_text(json::object{{"status", to_string(status)}, {"error", error}});
}

}  // namespace

NewMessage to_work_item(const DialogMessage& message) {
    const json::object item{{"v", version}, {"conversation_id", message.conversation_id.view()},
        {"user_id", message.user_id.view()}, {"agent_id", message.agent_id.view()},
        {"content", std::string_view(message.content)},
        {"metadata", std::string_view(message.metadata)}};
    NewMessage posted;
    posted.data.content = Bytes(json_text(item));
    posted.data.priority = message.priority;
    posted.data.ordering_key = message.conversation_id.text;
    posted.data.fairness_key = message.user_id.text;
    const auto tokens = agents::estimate_tokens(message.content) + answer_tokens;
    posted.data.headers.push_back(cost_header_of(tokens));
    return posted;
}

NewMessage to_work_item(const ChatWork& work, Level priority) {
    json::object item{{"v", version}, {"kind", chat_kind}, {"tenant", work.tenant.view()},
        {"session", std::string_view(work.session)}, {"request", to_json(work.request)}};
    if (auto echo = echo_of(work)) item["echo"] = *std::move(echo);
    if (work.keeps_context) item["keeps_context"] = true;
    NewMessage posted;
    posted.data.content = Bytes(json_text(item));
    posted.data.priority = priority;
    posted.data.fairness_key = work.tenant.text;
    posted.data.headers.push_back(cost_header_of(tokens_of(work.request)));
    return posted;
}

Result<WorkItem> parse_work_item(const MessageView& message) {
    if (!message.data) return fail(Errc::invalid_message, "the message has no content any more");
    BATON_TRY(const json::object item, parse_item(message.data->content.view()));
    const auto* kind = item.if_contains("kind");
    if (kind == nullptr) return dialog_of(item, message);
    if (kind->is_string() && kind->get_string() == chat_kind) return chat_of(item);
    return fail_field(Errc::invalid_message, "kind",
        fmt::format("a work item is a message to an agent, or of the kind `{}`", chat_kind));
}

Result<DialogMessage> from_work_item(const MessageView& message) {
    BATON_TRY(WorkItem item, parse_work_item(message));
    if (auto* dialog = std::get_if<DialogMessage>(&item)) return std::move(*dialog);
    return fail_field(Errc::invalid_message, "kind", "a chat is no message to an agent");
}

Bytes to_output_event(std::span<const ChatDelta> deltas) {
    if (deltas.size() == 1) return Bytes(json_text(to_json(deltas.front())));
    json::array all;
    all.reserve(deltas.size());
    for (const ChatDelta& delta : deltas) all.emplace_back(to_json(delta));
    return Bytes(json_text(all));
}

Result<std::vector<ChatDelta>> deltas_of_event(const Bytes& event) {
    const auto value = parse_json(event.view(), {}, json_answer_depth_max);
    std::vector<ChatDelta> deltas;
    const auto read = [&](const json::value& one) {
        auto delta = chat_delta_from_json(one);
        if (!delta) return false;
        deltas.push_back(*std::move(delta));
        return true;
    };
    const bool is_read =
        value && (value->is_array() ? std::ranges::all_of(value->get_array(), read) : read(*value));
    if (!is_read) return fail(Errc::invalid_message, "the event is no piece of a chat's answer");
    return deltas;
}

std::uint32_t cost_of(const TokenUsage& usage) noexcept {
    const std::uint64_t tokens = usage.input_tokens + usage.output_tokens;
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(tokens, 1, cost_max));
}

QueueReply to_queue_reply(const DialogReply& answer) {
    return {.result = Bytes(answer.content), .metadata = completed(answer.model, answer.usage)};
}

QueueReply to_queue_reply(const conversations::FailedRun& failed) {
    return {.metadata = failed_as(failed.status, failed.error)};
}

QueueReply to_queue_reply(const ChatResult& result) {
    return {.result = Bytes(json_text(to_json(result))),
        .metadata = completed(result.model, result.usage)};
}

QueueReply to_queue_reply(const ChatResult& result, const ChatWork& work) {
    QueueReply reply = to_queue_reply(result);
    auto echo = echo_of(work);
    if (!echo && !work.keeps_context) return reply;
    json::object whole = to_json(result);
    if (echo) whole["echo"] = *std::move(echo);
    if (work.keeps_context) {
        auto& context = whole["context"].emplace_array();
        for (const auto& message : work.request.messages) context.push_back(to_json(message));
    }
    reply.bare = std::exchange(reply.result, Bytes(json_text(whole)));
    return reply;
}

QueueReply to_queue_reply(const Error& error) {
    std::string text = R"({"error":)";
    append_json(text, error);
    text += '}';
    const std::string reason = to_string(error);
    return {
        .result = Bytes(std::move(text)), .metadata = failed_as(status_of_dead(reason), reason)};
}

Result<ChatResult> chat_of_reply(const Reply& reply) {
    const auto value = parse_json(reply.result.view(), {}, json_answer_depth_max);
    if (!value || !value->is_object()) {
        return fail(Errc::protocol_error, "the reply is no answer of a chat");
    }
    if (auto error = error_of(value->get_object())) return fail(*std::move(error));
    auto result = chat_result_from_json(*value);
    if (!result) return fail(Errc::protocol_error, to_string(result.error()));
    return result;
}

KeptRequest kept_of_reply(const Reply& reply) {
    KeptRequest kept;
    const auto value = parse_json(reply.result.view(), {}, json_answer_depth_max);
    if (!value || !value->is_object()) return kept;
    const auto& object = value->get_object();
    if (const auto* echo = object.if_contains("echo"); echo != nullptr && echo->is_object()) {
        kept.echo = json_text(*echo);
    }
    const auto* context = object.if_contains("context");
    if (context == nullptr || !context->is_array()) return kept;
    std::vector<ChatMessage> messages;
    for (const auto& one : context->get_array()) {
        auto message = chat_message_from_json(one);
        if (!message) return kept;
        messages.push_back(*std::move(message));
    }
    kept.context = std::move(messages);
    return kept;
}

}  // namespace baton::dispatch

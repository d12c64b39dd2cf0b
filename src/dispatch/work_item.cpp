#include "dispatch/work_item.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/core.h>

namespace baton::dispatch {
namespace {

namespace json = boost::json;

constexpr std::int64_t version = 1;  // of the content's shape; never renumber

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
    return json::serialize(*value);
}

Result<json::object> parse_item(std::string_view content) {
    boost::system::error_code error;
    json::value value = json::parse(content, error);
    if (error || !value.is_object()) {
        return fail(Errc::invalid_message, "a work item is a JSON object; this content is none");
    }
    const auto* v = value.get_object().if_contains("v");
    if (v == nullptr || !v->is_int64() || v->get_int64() != version) {
        return fail_field(Errc::invalid_message, "v",
            fmt::format("a work item has `v` {}; this one was not made by this version", version));
    }
    return std::move(value.get_object());
}

}  // namespace

NewMessage to_work_item(const DialogMessage& message) {
    const json::object item{{"v", version}, {"conversation_id", message.conversation_id.view()},
        {"user_id", message.user_id.view()}, {"agent_id", message.agent_id.view()},
        {"content", std::string_view(message.content)},
        {"metadata", std::string_view(message.metadata)}};
    NewMessage posted;
    posted.data.content = Bytes(json::serialize(item));
    posted.data.priority = message.priority;
    posted.data.ordering_key = message.conversation_id.text;
    posted.data.fairness_key = message.user_id.text;
    return posted;
}

Result<DialogMessage> from_work_item(const MessageView& message) {
    if (!message.data) return fail(Errc::invalid_message, "the message has no content any more");
    BATON_TRY(const json::object item, parse_item(message.data->content.view()));
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

QueueReply to_queue_reply(const DialogReply& answer) {
    const json::object metadata{{"status", to_string(DialogStatus::completed)},
        {"model", std::string_view(answer.model)}, {"input_tokens", answer.usage.input_tokens},
        {"output_tokens", answer.usage.output_tokens}};
    return {.result = Bytes(answer.content), .metadata = json::serialize(metadata)};
}

QueueReply to_queue_reply(const conversations::FailedRun& failed) {
    const json::object metadata{
        {"status", to_string(failed.status)}, {"error", std::string_view(failed.error)}};
    return {.metadata = json::serialize(metadata)};
}

}  // namespace baton::dispatch

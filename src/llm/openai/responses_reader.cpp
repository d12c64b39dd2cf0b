#include <cstddef>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

#include "llm/openai/responses_codec.h"
#include "llm/provider_error.h"
#include "llm/provider_json.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

TokenUsage usage_of(const json::value& usage) {
    TokenUsage count{.input_tokens = count_of(usage, "input_tokens"),
        .output_tokens = count_of(usage, "output_tokens")};
    if (const auto* details = member(usage, "input_tokens_details")) {
        count.cached_input_tokens = count_of(*details, "cached_tokens");
    }
    if (const auto* details = member(usage, "output_tokens_details")) {
        count.reasoning_tokens = count_of(*details, "reasoning_tokens");
    }
    return count;
}

ChatDelta call_delta(std::size_t index, const json::value& item) {
    return {.tool_calls = {{.index = index,
                .id = std::string(text_of(item, "call_id")),
                .name = std::string(text_of(item, "name")),
                .arguments = std::string(text_of(item, "arguments"))}}};
}

/// The facts of a `response` object, at its end. Fails: what its `error` stands for.
Result<Piece> end_of(const json::value& response, const Secret& key) {
    const auto status = text_of(response, "status");
    const auto* failure = member(response, "error");
    if (failure != nullptr && failure->is_object()) return fail(error_from_stream(*failure, key));
    if (status == "failed" || status == "cancelled") {
        return fail(Errc::provider_unavailable, "the provider broke off its answer");
    }
    Piece piece{.model = std::string(text_of(response, "model")), .last = true};
    piece.finish_reason = "stop";
    if (status == "incomplete") {
        const auto* details = member(response, "incomplete_details");
        const bool filtered = details != nullptr && text_of(*details, "reason") == "content_filter";
        piece.finish_reason = filtered ? "content_filter" : "length";
    }
    const auto* usage = member(response, "usage");
    if (usage != nullptr && usage->is_object()) piece.usage = usage_of(*usage);
    return piece;
}

void append_message(ChatDelta& delta, const json::value& item) {
    const auto* content = member(item, "content");
    if (content == nullptr || !content->is_array()) return;
    for (const auto& part : content->get_array()) {
        delta.text += text_of(part, "text");
        delta.refusal += text_of(part, "refusal");
    }
}

}  // namespace

Result<Piece> ResponsesReader::read_event(const SseEvent& event) {
    if (event.data.empty() || event.data == "[DONE]") return Piece{};
    BATON_TRY(const json::value value, parse_answer(event.data, key_));
    const auto type = text_of(value, "type");
    const auto index = static_cast<std::size_t>(count_of(value, "output_index"));
    const std::string delta(text_of(value, "delta"));
    if (type == "error") return fail(error_from_stream(value, key_));
    if (type == "response.output_text.delta") return Piece{.delta = {.text = delta}};
    if (type == "response.refusal.delta") return Piece{.delta = {.refusal = delta}};
    if (type == "response.reasoning_summary_text.delta" ||
        type == "response.reasoning_text.delta") {
        return Piece{.delta = {.reasoning = delta}};
    }
    if (type == "response.function_call_arguments.delta") {
        return Piece{.delta = {.tool_calls = {{.index = index, .arguments = delta}}}};
    }
    if (type == "response.output_item.added") {
        const auto* item = member(value, "item");
        const bool call = item != nullptr && text_of(*item, "type") == "function_call";
        return call ? Piece{.delta = call_delta(index, *item)} : Piece{};
    }
    const auto* response = member(value, "response");
    if (response == nullptr) return Piece{};
    if (type == "response.created") return Piece{.model = std::string(text_of(*response, "model"))};
    const bool ends =
        type == "response.completed" || type == "response.incomplete" || type == "response.failed";
    return ends ? end_of(*response, key_) : Piece{};
}

Result<Piece> ResponsesReader::read_whole(std::string_view body) {
    BATON_TRY(const json::value value, parse_answer(body, key_));
    const auto* output = member(value, "output");
    if (output == nullptr || !output->is_array()) {
        return fail(Errc::provider_protocol, "the answer has no output");
    }
    BATON_TRY(Piece piece, end_of(value, key_));
    for (std::size_t i = 0; i < output->get_array().size(); ++i) {
        const auto& item = output->get_array()[i];
        const auto type = text_of(item, "type");
        if (type == "message") append_message(piece.delta, item);
        if (type == "function_call") {
            piece.delta.tool_calls.push_back(call_delta(i, item).tool_calls.front());
        }
        const auto* summary = member(item, "summary");
        if (type != "reasoning" || summary == nullptr || !summary->is_array()) continue;
        for (const auto& part : summary->get_array())
            piece.delta.reasoning += text_of(part, "text");
    }
    return piece;
}

}  // namespace baton::llm

#include "llm/anthropic/message_reader.h"

#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "llm/anthropic/message_request.h"
#include "llm/provider_json.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

namespace json = boost::json;

std::string_view finish_reason_of(std::string_view stop_reason) noexcept {
    if (stop_reason == "max_tokens" || stop_reason == "model_context_window_exceeded") {
        return "length";
    }
    if (stop_reason == "tool_use") return "tool_calls";
    if (stop_reason == "refusal") return "content_filter";
    return "stop";  // end_turn, stop_sequence, pause_turn, and what is new
}

std::string input_of(const json::value& block) {
    const auto* input = member(block, "input");
    const bool filled = input != nullptr && input->is_object() && !input->get_object().empty();
    return filled ? json_text(*input) : std::string();
}

ChatDelta arguments_piece(std::size_t index, std::string arguments) {
    return {.tool_calls = {{.index = index, .arguments = std::move(arguments)}}};
}

void append(ChatDelta& to, ChatDelta more) {
    to.text += more.text;
    to.reasoning += more.reasoning;
    for (auto& call : more.tool_calls) to.tool_calls.push_back(std::move(call));
}

}  // namespace

ChatDelta MessageReader::begin_block(std::size_t index, const json::value& block) {
    const auto type = text_of(block, "type");
    block_ = Block::other;
    if (type == "text") {
        block_ = Block::text;
        return {.text = std::string(text_of(block, "text"))};
    }
    if (type == "thinking") {
        block_ = Block::thinking;
        return {.reasoning = std::string(text_of(block, "thinking"))};
    }
    if (type != "tool_use") return {};
    std::string input = input_of(block);
    any_arguments_ = !input.empty();
    if (answers_by_tool_ && text_of(block, "name") == json_tool) {
        block_ = Block::answer;
        return {.text = std::move(input)};
    }
    block_ = Block::call;
    return {.tool_calls = {{.index = index,
                .id = std::string(text_of(block, "id")),
                .name = std::string(text_of(block, "name")),
                .arguments = std::move(input)}}};
}

ChatDelta MessageReader::add_to_block(std::size_t index, const json::value& delta) {
    const auto type = text_of(delta, "type");
    if (type == "text_delta") return {.text = std::string(text_of(delta, "text"))};
    if (type == "thinking_delta") return {.reasoning = std::string(text_of(delta, "thinking"))};
    if (type != "input_json_delta") return {};
    std::string json(text_of(delta, "partial_json"));
    any_arguments_ = any_arguments_ || !json.empty();
    if (block_ == Block::answer) return {.text = std::move(json)};
    if (block_ == Block::call) return arguments_piece(index, std::move(json));
    return {};
}

/// A call without any input has an empty object.
ChatDelta MessageReader::end_block(std::size_t index) {
    const Block block = std::exchange(block_, Block::other);
    if (any_arguments_) return {};
    if (block == Block::answer) return {.text = "{}"};
    if (block == Block::call) return arguments_piece(index, "{}");
    return {};
}

/// Counts are of the whole answer; an event that leaves one out does not change it.
void MessageReader::take_usage(const json::value& holder, Piece& piece) {
    const auto* usage = member(holder, "usage");
    if (usage == nullptr || !usage->is_object()) return;
    if (member(*usage, "input_tokens") != nullptr) {
        // What was written to the cache or read from it is counted apart.
        usage_.cached_input_tokens = count_of(*usage, "cache_read_input_tokens");
        usage_.input_tokens = count_of(*usage, "input_tokens") + usage_.cached_input_tokens +
                              count_of(*usage, "cache_creation_input_tokens");
    }
    if (member(*usage, "output_tokens") != nullptr) {
        usage_.output_tokens = count_of(*usage, "output_tokens");
    }
    piece.usage = usage_;
}

void MessageReader::take_stop_reason(const json::value& holder, Piece& piece) const {
    const auto reason = text_of(holder, "stop_reason");
    if (reason.empty()) return;
    const bool answered = answers_by_tool_ && reason == "tool_use";
    piece.finish_reason = answered ? "stop" : finish_reason_of(reason);
}

Result<Piece> MessageReader::read_event(const SseEvent& event) {
    if (event.data.empty()) return Piece{};
    BATON_TRY(const json::value value, parse_answer(event.data, key_));
    const auto type = text_of(value, "type");
    const auto index = static_cast<std::size_t>(count_of(value, "index"));
    Piece piece;
    if (type == "message_start") {
        if (const auto* message = member(value, "message")) {
            piece.model = text_of(*message, "model");
            take_usage(*message, piece);
        }
    } else if (type == "content_block_start") {
        const auto* block = member(value, "content_block");
        if (block != nullptr) piece.delta = begin_block(index, *block);
    } else if (type == "content_block_delta") {
        const auto* delta = member(value, "delta");
        if (delta != nullptr) piece.delta = add_to_block(index, *delta);
    } else if (type == "content_block_stop") {
        piece.delta = end_block(index);
    } else if (type == "message_delta") {
        const auto* delta = member(value, "delta");
        if (delta != nullptr) take_stop_reason(*delta, piece);
        take_usage(value, piece);
    } else if (type == "message_stop") {
        piece.last = true;
    }
    return piece;
}

Result<Piece> MessageReader::read_whole(std::string_view body) {
    BATON_TRY(const json::value value, parse_answer(body, key_));
    const auto* content = member(value, "content");
    if (content == nullptr || !content->is_array()) {
        return fail(Errc::provider_protocol, "the answer has no content");
    }
    Piece piece{.model = std::string(text_of(value, "model")), .last = true};
    take_usage(value, piece);
    take_stop_reason(value, piece);
    for (std::size_t i = 0; i < content->get_array().size(); ++i) {
        append(piece.delta, begin_block(i, content->get_array()[i]));
        append(piece.delta, end_block(i));
    }
    return piece;
}

}  // namespace baton::llm

#include "llm/openai/chat_exchange.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "llm/openai/provider_error.h"

namespace baton::llm {
namespace {

constexpr std::size_t refusal_max = 65'536;  // bytes of an error body that are read

}  // namespace

ChatExchange::ChatExchange(Secret key, ChatSink sink)
    : key_(std::move(key)),
      sink_(std::move(sink)),
      reader_(key_),
      on_event_([this](const SseEvent& event) { take_event(event); }) {}

void ChatExchange::begin(const net::Response& head) {
    head_.status = head.status;
    head_.fields = head.fields;
    const auto type = head.fields.get("content-type");
    if (head.status < 200 || head.status >= 300) {
        shape_ = Shape::refusal;
    } else if (type.starts_with("text/event-stream")) {
        shape_ = Shape::events;
    } else if (type.starts_with("application/json")) {
        shape_ = Shape::object;
    }
}

bool ChatExchange::take(std::string_view bytes) {
    if (shape_ == Shape::unknown) {
        // No content type to go by: an object starts with a brace, which no event stream does.
        const std::size_t first = bytes.find_first_not_of(" \t\r\n");
        if (first == std::string_view::npos) return true;
        shape_ = bytes[first] == '{' ? Shape::object : Shape::events;
    }
    switch (shape_) {
        case Shape::events: return take_events(bytes);
        case Shape::object: return take_body(bytes, answer_max);
        default: break;
    }
    return take_body(bytes, refusal_max);
}

bool ChatExchange::take_events(std::string_view bytes) {
    const auto fed = parser_.feed(bytes, on_event_);
    if (!fed && !error_) error_ = fed.error();
    return !error_;
}

void ChatExchange::take_event(const SseEvent& event) {
    if (error_) return;
    const auto piece = reader_.take(event.data);
    if (!piece) {
        error_ = piece.error();
    } else if (event.type == "error") {
        error_ = Error{.code = Errc::provider_unavailable,
            .detail = "the provider broke off its answer: " + quote(event.data, key_)};
    } else if (!piece->empty()) {
        emit(*piece);
    }
}

bool ChatExchange::take_body(std::string_view bytes, std::size_t max) {
    body_ += bytes.substr(0, max - body_.size());
    if (body_.size() < max) return true;
    if (shape_ == Shape::object) {
        error_ = Error{.code = Errc::provider_protocol,
            .detail = fmt::format("the answer is over {} bytes", max)};
    }
    return false;
}

void ChatExchange::emit(std::string_view piece) const {
    if (sink_ && !piece.empty()) sink_({.text = std::string(piece)});
}

Result<ChatResult> ChatExchange::end(const TransferEnd& transfer) {
    if (shape_ == Shape::events) {
        if (const auto event = parser_.finish()) take_event(*event);
    }
    if (error_) return fail(*error_);
    if (shape_ == Shape::refusal) return fail(error_from_answer(head_, body_, key_, transfer.at));
    if (shape_ == Shape::events && reader_.complete()) return reader_.finish();
    if (transfer.error) return fail(transfer_error(transfer));
    if (shape_ != Shape::object) return reader_.finish();
    BATON_TRY(ChatResult result, decode_chat_completion(body_, key_));
    emit(result.content);
    return result;
}

Error ChatExchange::transfer_error(const TransferEnd& transfer) const {
    const Error& cause = *transfer.error;
    Errc code = Errc::provider_unavailable;
    switch (cause.code) {
        case Errc::deadline_exceeded:
            if (transfer.deadline_passed) code = Errc::deadline_exceeded;
            break;
        case Errc::cancelled: code = Errc::cancelled; break;
        case Errc::payload_too_large: code = Errc::provider_protocol; break;
        case Errc::invalid_argument: code = Errc::provider_rejected; break;
        default: break;
    }
    return Error{.code = code, .detail = "asking the provider: " + quote(cause.detail, key_)};
}

}  // namespace baton::llm

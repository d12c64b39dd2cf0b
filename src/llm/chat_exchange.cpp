#include "llm/chat_exchange.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "llm/rate_fields.h"

namespace baton::llm {
namespace {

constexpr std::size_t refusal_max = 65'536;  // bytes of an error body that are read

}  // namespace

ChatExchange::ChatExchange(
    ExchangeOptions options, std::unique_ptr<AnswerReader> reader, ChatSink sink, RateSink on_rate)
    : options_(std::move(options)),
      reader_(std::move(reader)),
      sink_(std::move(sink)),
      on_rate_(std::move(on_rate)),
      on_event_([this](const SseEvent& event) { take_event(event); }),
      on_line_([this](std::string line) { take_event({.type = {}, .data = std::move(line)}); }),
      answer_(options_.calls_before) {}

void ChatExchange::begin(const net::Response& head, TimePoint now) {
    head_.status = head.status;
    head_.fields = head.fields;
    if (on_rate_) {
        if (const auto report = parse_rate_report(head.fields, now)) on_rate_(*report);
    }
    const auto type = head.fields.get("content-type");
    if (head.status < 200 || head.status >= 300) {
        shape_ = Shape::refusal;
    } else if (options_.framing == Framing::lines) {
        shape_ = Shape::lines;  // a whole answer is a stream of one line
    } else if (type.starts_with("text/event-stream")) {
        shape_ = Shape::events;
    } else if (type.starts_with("application/json")) {
        shape_ = Shape::object;
    }
}

bool ChatExchange::take(std::string_view bytes) {
    if (shape_ != Shape::unknown) return take_known(bytes);
    // No content type to go by: an object starts with a brace, which no event stream does.
    const std::size_t first = bytes.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return take_body(bytes, refusal_max);
    const std::string blank = std::exchange(body_, {});
    shape_ = bytes[first] == '{' ? Shape::object : Shape::events;
    return take_known(blank) && take_known(bytes);
}

bool ChatExchange::take_known(std::string_view bytes) {
    switch (shape_) {
        case Shape::events:
        case Shape::lines: return take_stream(bytes);
        case Shape::object: return take_body(bytes, answer_max);
        default: break;
    }
    return take_body(bytes, refusal_max);
}

bool ChatExchange::take_stream(std::string_view bytes) {
    const auto fed =
        shape_ == Shape::events ? events_.feed(bytes, on_event_) : lines_.feed(bytes, on_line_);
    if (!fed && !error_ && !answer_.ended()) error_ = fed.error();
    return !error_;
}

void ChatExchange::take_event(const SseEvent& event) {
    if (error_ || answer_.ended()) return;
    add(reader_->read_event(event));
    any_event_ = true;
}

void ChatExchange::add(Result<Piece> piece) {
    if (!piece) {
        error_ = std::move(piece).error();
        return;
    }
    const auto delta = answer_.add(*std::move(piece));
    if (!delta) {
        error_ = delta.error();
    } else if (sink_ && !delta->empty()) {
        sink_(*delta);
    }
}

bool ChatExchange::take_body(std::string_view bytes, std::size_t max) {
    body_ += bytes.substr(0, max - body_.size());
    if (body_.size() < max) return true;
    if (shape_ != Shape::refusal) {
        error_ = Error{.code = Errc::provider_protocol,
            .detail = fmt::format("the answer is over {} bytes", max)};
    }
    return false;
}

/// What the stream left without its proper end.
void ChatExchange::take_rest(const TransferEnd& transfer) {
    if (shape_ == Shape::events) {
        if (const auto event = events_.finish()) take_event(*event);
    }
    if (shape_ != Shape::lines || error_ || answer_.ended()) return;
    const std::string rest = lines_.rest();
    if (rest.find_first_not_of(" \t\r") == std::string::npos) return;
    auto piece = reader_->read_event({.type = {}, .data = rest});
    // Half a line is where a stream was cut; a body that is nothing else never was one.
    const bool half =
        !piece && piece.error().code == Errc::provider_protocol && (transfer.error || any_event_);
    if (!half) add(std::move(piece));
}

Result<ChatResult> ChatExchange::end(const TransferEnd& transfer) {
    take_rest(transfer);
    if (error_) return fail(*error_);
    if (shape_ == Shape::refusal) {
        return fail(error_from_answer(head_, body_, options_.key, transfer.at));
    }
    if (answer_.complete()) return answer_.finish();
    if (transfer.error) return fail(error_from_transfer(transfer, options_.key));
    if (shape_ == Shape::object) {
        add(reader_->read_whole(body_));
        if (error_) return fail(*error_);
    }
    return answer_.finish();
}

std::size_t count_calls(const ChatRequest& request) noexcept {
    std::size_t count = 0;
    for (const auto& message : request.messages) count += message.tool_calls.size();
    return count;
}

}  // namespace baton::llm

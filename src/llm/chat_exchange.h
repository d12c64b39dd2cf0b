// One answer of an endpoint, from its head to its end: which of three shapes it has, and what comes
// of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "llm/answer_builder.h"
#include "llm/answer_reader.h"
#include "llm/line_parser.h"
#include "llm/provider.h"
#include "llm/provider_error.h"
#include "llm/sse_parser.h"
#include "net/http.h"

namespace baton::llm {

/// How a provider cuts its stream: server-sent events, or a line of JSON each.
enum class Framing : std::uint8_t { events, lines };

struct ExchangeOptions {
    Secret key{};  ///< masked wherever the provider repeats it
    Framing framing = Framing::events;
    std::size_t calls_before = 0;  ///< tool calls in the chat so far
};

/// Reads one answer: a stream, a JSON object (a server that does not stream), or a refusal. Pure
/// but for the sinks, either of which may be empty. `begin` once, `take` per piece, `end` once.
class ChatExchange final {
public:
    ChatExchange(ExchangeOptions options, std::unique_ptr<AnswerReader> reader, ChatSink sink,
        RateSink on_rate);
    ChatExchange(const ChatExchange&) = delete;
    ChatExchange& operator=(const ChatExchange&) = delete;

    /// `now`: for fields that name a time.
    void begin(const net::Response& head, TimePoint now);

    /// False when there is no use in reading on.
    [[nodiscard]] bool take(std::string_view bytes);

    /// Fails as Provider::chat. An answer that had its end is an answer, however the transfer
    /// ended.
    [[nodiscard]] Result<ChatResult> end(const TransferEnd& transfer);

private:
    enum class Shape : std::uint8_t { unknown, events, lines, object, refusal };

    bool take_known(std::string_view bytes);
    bool take_stream(std::string_view bytes);
    bool take_body(std::string_view bytes, std::size_t max);
    void take_event(const SseEvent& event);
    void take_rest(const TransferEnd& transfer);
    void add(Result<Piece> piece);

    ExchangeOptions options_;
    std::unique_ptr<AnswerReader> reader_;
    ChatSink sink_;
    RateSink on_rate_;
    net::Response head_;
    Shape shape_ = Shape::unknown;
    SseParser events_;
    LineParser lines_;
    SseSink on_event_;
    LineSink on_line_;
    AnswerBuilder answer_;
    std::string body_;
    bool any_event_ = false;
    std::optional<Error> error_;
};

/// Tool calls in the messages of `request`.
[[nodiscard]] std::size_t count_calls(const ChatRequest& request) noexcept;

}  // namespace baton::llm

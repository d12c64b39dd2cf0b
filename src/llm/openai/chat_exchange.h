// One answer of an endpoint, from its head to its end: which of three shapes it has, and what comes
// of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "llm/openai/chat_codec.h"
#include "llm/openai/sse_parser.h"
#include "llm/provider.h"
#include "net/http.h"

namespace baton::llm {

/// How a transfer ended, and when.
struct TransferEnd {
    std::optional<Error> error{};  ///< none: the peer ended it
    bool deadline_passed = false;  ///< our own deadline, as against a peer that stalled
    TimePoint at{};
};

/// Reads one answer: an event stream, a JSON object (a server that ignores `stream`), or a refusal.
/// Pure but for the sink. `begin` once, `take` per piece, `end` once.
class ChatExchange final {
public:
    ChatExchange(Secret key, ChatSink sink);
    ChatExchange(const ChatExchange&) = delete;
    ChatExchange& operator=(const ChatExchange&) = delete;

    void begin(const net::Response& head);

    /// False when there is no use in reading on.
    [[nodiscard]] bool take(std::string_view bytes);

    /// Fails as Provider::chat. An answer that had its end is an answer, however the transfer
    /// ended.
    [[nodiscard]] Result<ChatResult> end(const TransferEnd& transfer);

private:
    enum class Shape : std::uint8_t { unknown, events, object, refusal };

    bool take_events(std::string_view bytes);
    bool take_body(std::string_view bytes, std::size_t max);
    void take_event(const SseEvent& event);
    void emit(std::string_view piece) const;
    [[nodiscard]] Error transfer_error(const TransferEnd& transfer) const;

    Secret key_;
    ChatSink sink_;
    net::Response head_;
    Shape shape_ = Shape::unknown;
    SseParser parser_;
    ChunkReader reader_;
    SseSink on_event_;
    std::string body_;
    std::optional<Error> error_;
};

}  // namespace baton::llm

// Puts an answer together from its pieces, so that what was handed out is what the result says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/json/array.hpp>

#include "base/result.h"
#include "llm/surrogates.h"
#include "model/chat.h"

namespace baton::llm {

/// Bytes one answer may have, all its parts together; more is no answer to a chat.
inline constexpr std::size_t answer_max = 16 * 1'048'576;

/// What one event of an answer says, in our terms.
struct Piece {
    /// Texts may hold halves of characters. `index` of a call is the provider's own: a call begins
    /// with an index, or an id, that was not there before.
    ChatDelta delta{};
    std::string model{};                ///< empty: not said
    std::optional<TokenUsage> usage{};  ///< of the whole answer, as far as is known
    std::string finish_reason{};        ///< one of ChatResult's; empty: not said
    bool last = false;                  ///< the answer has its end
};

/// One per answer; a value without threads. Pure.
class AnswerBuilder {
public:
    /// `calls_before`: calls in the chat so far. A call without an id gets one that is new to the
    /// chat: "call_<number>".
    explicit AnswerBuilder(std::size_t calls_before = 0) : calls_before_(calls_before) {}

    /// Returns what the piece adds: whole characters, calls numbered 0, 1, … in the order they
    /// began; often nothing. Fails: provider_protocol (no UTF-8, over `answer_max`, more than 1,024
    /// calls).
    [[nodiscard]] Result<ChatDelta> add(Piece piece);

    /// Whether the answer has its end: a finish_reason or a last piece.
    [[nodiscard]] bool complete() const noexcept { return last_ || !result_.finish_reason.empty(); }

    /// Whether a last piece came: what comes after it is no part of the answer.
    [[nodiscard]] bool ended() const noexcept { return last_; }

    /// The whole answer. Who calls tools finishes with "tool_calls", whatever the provider says.
    /// Fails: provider_unavailable when it has no end; provider_protocol for a call without a name.
    [[nodiscard]] Result<ChatResult> finish();

private:
    struct Call {
        std::size_t index = 0;  ///< the provider's
        std::string id;         ///< the provider's
        SurrogateJoiner joiner;
    };

    Result<std::size_t> place_of(const ToolCallDelta& delta);
    Result<ToolCallDelta> add_call(const ToolCallDelta& delta);
    void add_logprobs(const std::string& text);
    void flush(ChatDelta& delta);
    Result<void> append(const ChatDelta& delta);

    std::size_t calls_before_;
    ChatResult result_;
    std::size_t size_ = 0;  ///< bytes so far
    bool last_ = false;
    SurrogateJoiner text_;
    SurrogateJoiner refusal_;
    SurrogateJoiner reasoning_;
    std::vector<Call> calls_;  ///< as result_.tool_calls
    boost::json::array content_logprobs_;
    boost::json::array refusal_logprobs_;
};

}  // namespace baton::llm

// Answers of /v1/chat/completions, whole and in chunks. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "api/openai/answer_stream.h"
#include "base/clock.h"
#include "model/chat.h"

namespace baton::api::openai {

/// What all chunks of one answer, and the whole one, say alike.
struct ChatHead {
    std::string id;     ///< "chatcmpl-…"
    std::string model;  ///< as the client asked for it
    TimePoint created{};
};

/// A `chat.completion`.
[[nodiscard]] std::string chat_completion(const ChatHead& head, const ChatResult& result);

/// The `chat.completion.chunk` events of one answer, in order. The first says the role; with
/// `include_usage` all bear `usage: null` and one behind the last has no choice and the usage.
class ChunkEncoder final : public AnswerEvents {
public:
    ChunkEncoder(ChatHead head, bool include_usage)
        : head_(std::move(head)), include_usage_(include_usage) {}

    [[nodiscard]] std::string begin() override { return {}; }

    /// `data: {…}` of a delta; with `place` in front as `id:`, from which a reader can go on.
    [[nodiscard]] std::string take(const ChatDelta& delta, std::string_view place) override;

    /// The finish reason, the usage when it is wanted, and `[DONE]`.
    [[nodiscard]] std::string end(const ChatResult& result) override;

    [[nodiscard]] std::string fail(const Error& error) override;

private:
    ChatHead head_;
    bool include_usage_;
    bool role_said_ = false;
};

/// OpenAI's seconds.
[[nodiscard]] std::int64_t unix_seconds(TimePoint time) noexcept;

}  // namespace baton::api::openai

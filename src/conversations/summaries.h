// Summaries of what was said in a conversation: made once, kept, used again.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "model/conversation.h"
#include "runtime/task.h"

namespace baton::conversations {

/// Stands for all messages of the conversation up to and with `upto`.
struct Summary {
    ConversationId conversation_id{};
    MessageId upto{};
    std::string content{};
    std::string model{};
    TokenUsage usage{};  ///< what making it took
    TimePoint created_at{};
    bool operator==(const Summary&) const = default;
};

/// Same store and same rules as Conversations; summaries go with their conversation.
class Summaries {
public:
    virtual ~Summaries() = default;

    /// The one that reaches furthest and ends before `before`; nothing when there is none.
    [[nodiscard]] virtual Task<Result<std::optional<Summary>>> summary(
        ConversationId id, MessageId before) = 0;

    /// Of two with the same end the first stands. Fails: conversation_not_found.
    [[nodiscard]] virtual Task<Result<void>> keep_summary(Summary summary) = 0;
};

}  // namespace baton::conversations

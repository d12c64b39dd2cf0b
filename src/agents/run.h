// A run as its steps tell it: what the model has seen since the user's message, and what is next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agents/agent.h"
#include "agents/tool.h"
#include "base/clock.h"
#include "base/result.h"
#include "conversations/run_steps.h"
#include "model/chat.h"
#include "model/codec.h"

namespace baton::agents {

using conversations::RunStep;

/// Nesting of a step's content: an answer may hold what a provider nested as deep as it may.
inline constexpr std::size_t step_depth_max = json_answer_depth_max + 4;
inline constexpr std::size_t tool_calls_max = 32;       ///< of one answer; further ones are refused
inline constexpr std::size_t tool_result_max = 32'768;  ///< bytes that the model gets to see

/// Pure: the same steps make the same run. Whoever does what `next` says appends a step of it.
class Run final {
public:
    /// Fails: storage_corrupt when the steps make no sense.
    [[nodiscard]] static Result<Run> of(const std::vector<RunStep>& steps);
    [[nodiscard]] Result<void> apply(const RunStep& step);

    enum class Next : std::uint8_t {
        ask,     ///< the model
        call,    ///< the tool of `open_call`
        answer,  ///< with `last_answer`: nothing is left to do
    };
    [[nodiscard]] Next next() const noexcept;

    /// The first call of the last answer that has no result.
    [[nodiscard]] const ToolCall& open_call() const noexcept {
        return answer_.tool_calls[results_];
    }
    /// Names it inside the run: "<step of the answer>/<place in it>".
    [[nodiscard]] std::string open_call_name() const;
    [[nodiscard]] bool is_open_call_allowed() const noexcept { return results_ < tool_calls_max; }
    /// What it began to wait for.
    [[nodiscard]] const std::optional<ToolWait>& waiting() const noexcept { return waiting_; }
    /// What its calls posted: no other message is any of its business.
    [[nodiscard]] const std::vector<MessageId>& posted() const noexcept { return posted_; }
    [[nodiscard]] const ChatResult& last_answer() const noexcept { return answer_; }

    /// What the model sees behind the user's message.
    [[nodiscard]] const std::vector<ChatMessage>& messages() const noexcept { return messages_; }
    /// As `estimate_tokens` counts them.
    [[nodiscard]] std::uint64_t message_tokens() const noexcept { return message_tokens_; }
    /// What the models said, one text for each answer.
    [[nodiscard]] const std::vector<std::string>& texts() const noexcept { return texts_; }

    [[nodiscard]] std::uint32_t answers() const noexcept { return answers_; }
    [[nodiscard]] const TokenUsage& usage() const noexcept { return usage_; }
    [[nodiscard]] double cost() const noexcept { return cost_; }
    [[nodiscard]] std::optional<TimePoint> began_at() const noexcept { return began_at_; }

    struct Span {
        TimePoint began{};
        TimePoint ended{};
    };
    // The step that comes next, of what was done.
    [[nodiscard]] RunStep answered(const ChatResult& answer, Span span) const;
    [[nodiscard]] RunStep returned(const ToolResult& result, Span span) const;
    [[nodiscard]] RunStep waits(const ToolWait& wait, TimePoint at) const;

private:
    Result<void> apply_answer(const boost::json::value& content);
    Result<void> apply_result(const boost::json::value& content);
    Result<void> apply_wait(const boost::json::value& content);
    [[nodiscard]] RunStep step(
        conversations::StepKind kind, const boost::json::value& content, Span span) const;
    void show(ChatMessage message);

    std::uint32_t steps_ = 0;
    std::uint32_t answers_ = 0;
    std::uint32_t answer_step_ = 0;
    ChatResult answer_;
    std::size_t results_ = 0;  ///< calls of `answer_` that have theirs
    std::optional<ToolWait> waiting_;
    std::vector<MessageId> posted_;
    std::vector<ChatMessage> messages_;
    std::uint64_t message_tokens_ = 0;
    std::vector<std::string> texts_;
    TokenUsage usage_;
    double cost_ = 0;
    std::optional<TimePoint> began_at_;
};

/// The limit that forbids another call of the model, as run_limit_exceeded with its name as field.
[[nodiscard]] std::optional<Error> over_limit(
    const RunLimits& limits, const Run& run, TimePoint now);

/// The same for max_time alone, which runs on while tools wait.
[[nodiscard]] std::optional<Error> over_time(
    const RunLimits& limits, const Run& run, TimePoint now);

/// At most `tool_result_max` bytes, cut between characters and with a note that says so.
[[nodiscard]] std::string fitted_result(std::string text);

/// The names that the message's metadata allows, `{"focus":["read_conversation"]}`; nothing: all.
[[nodiscard]] std::optional<std::vector<std::string>> focus_of(std::string_view metadata);

}  // namespace baton::agents

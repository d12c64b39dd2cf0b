// The steps of agents' runs: each finished call of a model or a tool is kept before the next one
// starts, so that who resumes a run reads what is there instead of asking and paying again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "model/conversation.h"
#include "model/run_trace.h"
#include "runtime/task.h"

namespace baton::conversations {

using baton::StepKind;

/// One step; the agents' side knows what its content means.
struct RunStep {
    std::uint32_t number = 0;  ///< 0, 1, 2 … without gaps
    StepKind kind = StepKind::model;
    std::string content{};  ///< a JSON object as text
    TimePoint began_at{};
    TimePoint ended_at{};
    bool operator==(const RunStep&) const = default;
};

/// Some steps of a message, in their order.
struct StepPage {
    /// As many as one answer holds (base/answer_budget.h).
    std::vector<RunStep> steps{};
    /// The model's answer that came last before them; absent when they begin with one.
    std::optional<RunStep> asked{};
    std::optional<std::uint32_t> next{};  ///< the `after` of the next page; absent on the last
};

/// Same store and same rules as Conversations; steps go with their message. What was written may be
/// written again: of two steps with one number the first stands.
class RunSteps {
public:
    virtual ~RunSteps() = default;

    /// Those of a message in their order; none of an unknown one.
    [[nodiscard]] virtual Task<Result<std::vector<RunStep>>> steps(MessageId id) = 0;

    /// Those behind the number `after` (absent: from the first), up to `limit` (1..100).
    [[nodiscard]] virtual Task<Result<StepPage>> step_page(
        MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit) = 0;

    /// Durable on return. False: the message has a step of this number already.
    /// Fails: message_not_found.
    [[nodiscard]] virtual Task<Result<bool>> add_step(MessageId id, RunStep step) = 0;

    /// The last step and the answer in one transaction. False, and nothing written, when the
    /// message is completed already; else as DialogWriter::complete.
    [[nodiscard]] virtual Task<Result<bool>> finish(
        MessageId id, RunStep last, DialogReply reply) = 0;
};

}  // namespace baton::conversations

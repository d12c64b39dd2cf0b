// What a run has done with a message, for those who may read the message.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "access/access.h"
#include "base/result.h"
#include "conversations/run_steps.h"
#include "model/run_trace.h"
#include "runtime/task.h"
#include "service/message_service.h"

namespace baton::service {

struct TracePage {
    std::vector<TracedStep> steps{};
    std::optional<std::uint32_t> next{};  ///< the `after` of the next page; absent on the last
};

/// Safe to use from any thread; `who` and the service must outlive the task.
class TraceService final {
public:
    /// Both must outlive the service.
    TraceService(MessageService& messages, conversations::RunSteps& steps)
        : messages_(messages), steps_(steps) {}

    /// The steps behind `after`, up to `limit` (1..100), fewer when they are long (see
    /// conversations::StepPage). None yet: an empty page. Fails: message_not_found,
    /// invalid_argument.
    [[nodiscard]] Task<Result<TracePage>> steps(const access::Identity& who, MessageId id,
        std::optional<std::uint32_t> after, std::uint32_t limit);

private:
    MessageService& messages_;
    conversations::RunSteps& steps_;
};

}  // namespace baton::service

// Looking without touching: the port of those who watch.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "model/message.h"
#include "model/queue_operations.h"
#include "runtime/task.h"

namespace baton::queue {

struct PeekRequest {
    QueueName queue;
    std::optional<MessageState> state{};  ///< scheduled, ready, leased or dead; absent: all
    std::uint64_t after_seq = 0;          ///< only messages with a higher seq
    std::uint32_t limit = 100;            ///< 1..1,000
};

/// Up to `limit` messages, as many as one answer holds (base/answer_budget.h).
struct MessagePage {
    std::vector<MessageView> messages{};  ///< with their data; not empty when there are `more`
    bool more = false;                    ///< behind the last of them there may be more
};

/// Looks without touching. See queues.h for what holds for every port.
class Browser {
public:
    virtual ~Browser() = default;

    /// Messages in the order of seq.
    [[nodiscard]] virtual Task<Result<MessagePage>> peek(PeekRequest request) = 0;

    /// Fails: message_not_found. A finished message whose reply is kept shows as done, without
    /// data.
    [[nodiscard]] virtual Task<Result<MessageView>> get(MessageId message) = 0;

    /// Why a message is not handed out right now, and how many come before it.
    /// Fails: message_not_found, also for a finished one.
    [[nodiscard]] virtual Task<Result<Explanation>> explain(MessageId message) = 0;
};

}  // namespace baton::queue

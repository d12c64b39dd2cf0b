// Commands as calls of the queues that execute them: `start(queues, command)` for each.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "queue/queues.h"
#include "queue/remote/command_table.h"

namespace baton::queue::remote {

/// What a command that may wait asked for, from now on.
[[nodiscard]] Deadline deadline_of(Duration wait) noexcept;

Task<Result<bool>> start(Queues& queues, PutQueue command);
Task<Result<QueueInfo>> start(Queues& queues, GetQueue command);
Task<Result<std::vector<QueueInfo>>> start(Queues& queues, ListQueues command);
Task<Result<void>> start(Queues& queues, DeleteQueue command);
Task<Result<std::uint64_t>> start(Queues& queues, Purge command);
Task<Result<void>> start(Queues& queues, SetPaused command);
Task<Result<void>> start(Queues& queues, PauseKey command);
Task<Result<std::uint64_t>> start(Queues& queues, Redrive command);
Task<Result<void>> start(Queues& queues, SetQuota command);
Task<Result<StorageQuota>> start(Queues& queues, GetQuota command);
Task<Result<QueueStats>> start(Queues& queues, GetStats command);

Task<Result<Posted>> start(Queues& queues, Post command);
Task<Result<std::optional<Reply>>> start(Queues& queues, WaitReply command);
Task<Result<void>> start(Queues& queues, Cancel command);
Task<Result<void>> start(Queues& queues, Reschedule command);

Task<Result<std::vector<LeasedMessage>>> start(Queues& queues, Pop command);
Task<Result<PerReceipt<void>>> start(Queues& queues, Ack command);
Task<Result<PerReceipt<NackOutcome>>> start(Queues& queues, Nack command);
Task<Result<PerReceipt<TimePoint>>> start(Queues& queues, Extend command);
Task<Result<PerReceipt<void>>> start(Queues& queues, SetCosts command);
Task<Result<AckedAndPopped>> start(Queues& queues, AckAndPop command);
Task<Result<void>> start(Queues& queues, StoreReply command);

Task<Result<MessagePage>> start(Queues& queues, Peek command);
Task<Result<MessageView>> start(Queues& queues, Get command);
Task<Result<Explanation>> start(Queues& queues, Explain command);

Task<Result<std::uint64_t>> start(Queues& queues, AppendOutput command);
Task<Result<OutputPage>> start(Queues& queues, ReadOutput command);

Task<Result<std::uint64_t>> start(Queues& queues, Subscribe command);
Task<Result<void>> start(Queues& queues, Unsubscribe command);
Task<Result<std::vector<Subscription>>> start(Queues& queues, ListSubscriptions command);
Task<Result<std::vector<MessageView>>> start(Queues& queues, Fetch command);
Task<Result<void>> start(Queues& queues, Commit command);
Task<Result<std::uint64_t>> start(Queues& queues, Seek command);
Task<Result<std::uint64_t>> start(Queues& queues, TruncateBefore command);

}  // namespace baton::queue::remote

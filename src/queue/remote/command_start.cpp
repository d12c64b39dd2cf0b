#include "queue/remote/command_start.h"

#include <algorithm>
#include <utility>

namespace baton::queue::remote {
namespace {

PopRequest request_of(Pop command) {
    return {.queue = std::move(command.queue),
        .max = command.max,
        .lease = command.lease,
        .wait = deadline_of(command.wait),
        .level = command.level};
}

}  // namespace

Deadline deadline_of(Duration wait) noexcept {
    return Deadline::after(std::clamp(wait, Duration(0), MessageLimits::period_max));
}

Task<Result<bool>> start(Queues& queues, PutQueue command) {
    return queues.put_queue(
        std::move(command.queue), std::move(command.config), std::move(command.owner));
}
Task<Result<QueueInfo>> start(Queues& queues, GetQueue command) {
    return queues.get_queue(std::move(command.queue));
}
Task<Result<std::vector<QueueInfo>>> start(Queues& queues, ListQueues) {
    return queues.list_queues();
}
Task<Result<void>> start(Queues& queues, DeleteQueue command) {
    return queues.delete_queue(std::move(command.queue));
}
Task<Result<std::uint64_t>> start(Queues& queues, Purge command) {
    return queues.purge(std::move(command.queue));
}
Task<Result<void>> start(Queues& queues, SetPaused command) {
    return queues.set_paused(std::move(command.queue), command.paused);
}
Task<Result<void>> start(Queues& queues, PauseKey command) {
    return queues.pause_key(
        std::move(command.queue), command.kind, std::move(command.key), command.paused);
}
Task<Result<std::uint64_t>> start(Queues& queues, Redrive command) {
    return queues.redrive(std::move(command.request));
}
Task<Result<void>> start(Queues& queues, SetQuota command) {
    return queues.set_quota(std::move(command.owner), command.bytes);
}
Task<Result<StorageQuota>> start(Queues& queues, GetQuota command) {
    return queues.quota(std::move(command.owner));
}
Task<Result<QueueStats>> start(Queues& queues, GetStats command) {
    return queues.stats(std::move(command.queue));
}

Task<Result<LetterPage>> start(Queues& queues, FindLetters command) {
    return queues.find_letters(std::move(command.request), command.after_seq, command.max);
}
Task<Result<std::uint64_t>> start(Queues& queues, TakeLetters command) {
    return queues.take_letters(std::move(command.delivery));
}
Task<Result<std::uint64_t>> start(Queues& queues, DropLetters command) {
    return queues.drop_letters(std::move(command.queue), std::move(command.letters));
}

Task<Result<Posted>> start(Queues& queues, Post command) {
    return queues.post(std::move(command.queue), std::move(command.messages),
        PostOptions{.durability = command.durability});
}
Task<Result<std::optional<Reply>>> start(Queues& queues, WaitReply command) {
    return queues.wait_reply(command.message, deadline_of(command.wait));
}
Task<Result<void>> start(Queues& queues, Cancel command) { return queues.cancel(command.message); }
Task<Result<void>> start(Queues& queues, Reschedule command) {
    return queues.reschedule(command.message, command.due);
}

Task<Result<std::vector<LeasedMessage>>> start(Queues& queues, Pop command) {
    return queues.pop(request_of(std::move(command)));
}
Task<Result<PerReceipt<void>>> start(Queues& queues, Ack command) {
    return queues.ack(std::move(command.receipts));
}
Task<Result<PerReceipt<NackOutcome>>> start(Queues& queues, Nack command) {
    return queues.nack(std::move(command.requests));
}
Task<Result<PerReceipt<TimePoint>>> start(Queues& queues, Extend command) {
    return queues.extend(std::move(command.receipts), command.lease);
}
Task<Result<PerReceipt<void>>> start(Queues& queues, SetCosts command) {
    return queues.charge(std::move(command.charges));
}
Task<Result<AckedAndPopped>> start(Queues& queues, AckAndPop command) {
    command.pop.wait = Duration(0);
    return queues.ack_and_pop(std::move(command.receipts), request_of(std::move(command.pop)));
}
Task<Result<void>> start(Queues& queues, StoreReply command) {
    return queues.reply(command.message, std::move(command.result), std::move(command.metadata));
}

Task<Result<MessagePage>> start(Queues& queues, Peek command) {
    PeekRequest request{.queue = std::move(command.queue),
        .state = command.state,
        .after_seq = command.after_seq,
        .limit = command.limit};
    co_return co_await queues.peek(std::move(request));
}
Task<Result<MessageView>> start(Queues& queues, Get command) { return queues.get(command.message); }
Task<Result<Explanation>> start(Queues& queues, Explain command) {
    return queues.explain(command.message);
}

Task<Result<std::uint64_t>> start(Queues& queues, AppendOutput command) {
    return queues.append_output(command.receipt, std::move(command.events));
}
Task<Result<OutputPage>> start(Queues& queues, ReadOutput command) {
    return queues.read_output({.message = command.message,
        .from = command.from,
        .max = command.max,
        .wait = deadline_of(command.wait)});
}

Task<Result<std::uint64_t>> start(Queues& queues, Subscribe command) {
    return queues.subscribe(std::move(command.queue), std::move(command.name), command.start);
}
Task<Result<void>> start(Queues& queues, Unsubscribe command) {
    return queues.unsubscribe(std::move(command.queue), std::move(command.name));
}
Task<Result<std::vector<Subscription>>> start(Queues& queues, ListSubscriptions command) {
    return queues.subscriptions(std::move(command.queue));
}
Task<Result<std::vector<MessageView>>> start(Queues& queues, Fetch command) {
    return queues.fetch({.queue = std::move(command.queue),
        .subscription = std::move(command.name),
        .after = command.after,
        .max = command.max,
        .wait = deadline_of(command.wait)});
}
Task<Result<void>> start(Queues& queues, Commit command) {
    return queues.commit(std::move(command.queue), std::move(command.name), command.seq);
}
Task<Result<std::uint64_t>> start(Queues& queues, Seek command) {
    return queues.seek(std::move(command.queue), std::move(command.name), command.start);
}
Task<Result<std::uint64_t>> start(Queues& queues, TruncateBefore command) {
    return queues.truncate_before(std::move(command.queue), command.seq);
}

}  // namespace baton::queue::remote

// Queues in a map: what a test needs to see queue users at work. Slow, exact, and forgetful.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/engine/cancel_watches.h"
#include "queue/queues.h"
#include "runtime/event.h"

namespace baton::test {

/// Levels, FIFO, ordering keys, leases, delays, dead letters, dedup and replies as queue/queues.h
/// says, and outputs; redrives at once; no logs, fairness, aging, TTL, rates or limits. Use on the
/// one executor it was made with. Every call suspends once.
class FakeQueues final : public queue::Queues {
public:
    FakeQueues(const Executor& executor, const Clock& clock) : clock_(clock), changed_(executor) {}

    /// Asked before each call with its name ("pop", "ack" …); an error it gives is the call's
    /// answer.
    std::function<std::optional<Error>(std::string_view call)> fault;
    /// Every nack that was accepted, in order.
    std::vector<queue::NackRequest> nacks;
    /// Every charge that was accepted, in order.
    std::vector<queue::Charge> charges;
    /// Calls made, by name.
    std::map<std::string, std::uint64_t, std::less<>> calls;

    /// Ends the lease of a message as if its time were over.
    void expire_lease(MessageId id);
    /// Loses a message altogether, as a retention rule would.
    void forget(MessageId id);
    /// The message as `get` shows it; nothing when there is none.
    [[nodiscard]] std::optional<MessageView> view(MessageId id) const;

    using QueueAdmin::put_queue;
    Task<Result<bool>> put_queue(
        QueueName name, QueueConfig config, std::optional<TenantId> owner) override;
    Task<Result<QueueInfo>> get_queue(QueueName name) override;
    Task<Result<std::vector<QueueInfo>>> list_queues() override;
    Task<Result<void>> delete_queue(QueueName name) override;
    Task<Result<std::uint64_t>> purge(QueueName name) override;
    Task<Result<void>> set_paused(QueueName name, bool paused) override;
    Task<Result<void>> pause_key(
        QueueName name, KeyKind kind, std::string key, bool paused) override;
    Task<Result<std::uint64_t>> redrive(RedriveRequest request) override;
    // Letters of other partitions: `unsupported`, as logs.
    Task<Result<queue::LetterPage>> find_letters(
        RedriveRequest, std::uint64_t, std::uint32_t) override;
    Task<Result<std::uint64_t>> take_letters(queue::LetterDelivery) override;
    Task<Result<std::uint64_t>> drop_letters(QueueName, std::vector<MessageId>) override;
    Task<Result<void>> set_quota(TenantId owner, std::uint64_t bytes) override;
    Task<Result<StorageQuota>> quota(TenantId owner) override;
    Task<Result<QueueStats>> stats(QueueName name) override;

    using Producer::post;
    Task<Result<queue::Posted>> post(
        QueueName queue, std::vector<NewMessage> messages, queue::PostOptions options) override;
    Task<Result<std::optional<Reply>>> get_reply(MessageId message) override;
    Task<Result<std::optional<Reply>>> wait_reply(MessageId message, Deadline deadline) override;
    Task<Result<void>> cancel(MessageId message) override;
    Task<Result<void>> reschedule(MessageId message, TimePoint due) override;

    Task<Result<std::vector<LeasedMessage>>> pop(queue::PopRequest request) override;
    using Consumer::ack;
    using Consumer::charge;
    using Consumer::extend;
    using Consumer::nack;
    Task<Result<queue::PerReceipt<void>>> ack(std::vector<Receipt> receipts) override;
    Task<Result<queue::PerReceipt<queue::NackOutcome>>> nack(
        std::vector<queue::NackRequest> requests) override;
    Task<Result<queue::PerReceipt<TimePoint>>> extend(
        std::vector<Receipt> receipts, Duration lease) override;
    Task<Result<queue::PerReceipt<void>>> charge(std::vector<queue::Charge> charges) override;
    Task<Result<queue::AckedAndPopped>> ack_and_pop(
        std::vector<Receipt> receipts, queue::PopRequest request) override;
    Task<Result<void>> reply(MessageId message, Bytes result, std::string metadata) override;
    std::unique_ptr<queue::Watch> watch_cancels(
        std::function<void(const MessageId&)> cancelled) override {
        return watches_.add(std::move(cancelled));
    }

    Task<Result<queue::MessagePage>> peek(queue::PeekRequest request) override;
    Task<Result<MessageView>> get(MessageId message) override;
    Task<Result<Explanation>> explain(MessageId message) override;

    // Outputs (fake_streams.cpp): kept while the message is, and ended when it is done or dead.
    Task<Result<std::uint64_t>> append_output(Receipt receipt, std::vector<Bytes> events) override;
    Task<Result<OutputPage>> read_output(queue::OutputRequest request) override;

    // Logs: `unsupported`. Who needs one takes the engine on a memory store.
    Task<Result<std::uint64_t>> subscribe(QueueName, SubscriptionName, LogStart) override;
    Task<Result<void>> unsubscribe(QueueName, SubscriptionName) override;
    Task<Result<std::vector<Subscription>>> subscriptions(QueueName) override;
    Task<Result<std::vector<MessageView>>> fetch(queue::FetchRequest) override;
    Task<Result<void>> commit(QueueName, SubscriptionName, std::uint64_t) override;
    Task<Result<std::uint64_t>> seek(QueueName, SubscriptionName, LogStart) override;
    Task<Result<std::uint64_t>> truncate_before(QueueName, std::uint64_t) override;

    void stop() override { changed_.notify_all(); }
    Result<void> health() const override { return {}; }

private:
    struct Entry {
        MessageView view;
        std::optional<Reply> reply;
        std::vector<OutputEvent> output;
    };
    struct Queue {
        QueueInfo info;
        std::uint64_t uid = 0;
        std::map<std::uint64_t, Entry> entries;  ///< by seq
        std::map<std::string, MessageId> dedup;
        QueueStats totals;
        std::set<std::pair<KeyKind, std::string>> paused_keys;
    };

    Task<Result<void>> enter(std::string_view call);
    Result<Queue*> find_queue(const QueueName& name);
    Result<Entry*> find_entry(MessageId id);
    Result<Entry*> find_leased(const Receipt& receipt);
    [[nodiscard]] QueueConfig config_of(const Entry& entry) const;
    MessageId add(Queue& queue, NewMessage message);
    Result<void> ack_one(const Receipt& receipt);
    Result<queue::NackOutcome> nack_one(const queue::NackRequest& request);
    std::vector<LeasedMessage> take(Queue& queue, const queue::PopRequest& request);
    /// True when an earlier message of the same ordering key is unfinished.
    static bool held_back(const Queue& queue, const MessageView& view);
    void count_failure(Entry& entry, const std::string& reason, Duration delay);
    void end_due_leases();
    [[nodiscard]] Deadline next_change(Deadline limit) const;

    const Clock& clock_;
    Event changed_;
    queue::CancelWatches watches_;
    std::map<std::string, Queue> queues_;
    std::map<TenantId, std::uint64_t> quotas_;
    std::uint64_t next_uid_ = 1;
};

}  // namespace baton::test

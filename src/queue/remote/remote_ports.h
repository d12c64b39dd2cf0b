// All ports of queue/queues.h as one object: each call becomes a command to the daemon that serves
// the queue.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/queues.h"
#include "queue/remote/remote_caller.h"

namespace baton::queue::remote {

/// Make it with make_remote_queues.
class RemoteQueues final : public Queues {
public:
    RemoteQueues(Transport& transport, const RemoteConfig& config, MetricRegistry& metrics)
        : caller_(transport, config, metrics) {}

    void stop() override { caller_.stop(); }
    [[nodiscard]] Result<void> health() const override { return caller_.transport().health(); }

    // remote_operator.cpp
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
    Task<Result<void>> set_quota(TenantId owner, std::uint64_t bytes) override;
    Task<Result<StorageQuota>> quota(TenantId owner) override;
    Task<Result<QueueStats>> stats(QueueName name) override;

    // remote_letters.cpp
    Task<Result<LetterPage>> find_letters(
        RedriveRequest request, std::uint64_t after_seq, std::uint32_t max) override;
    Task<Result<std::uint64_t>> take_letters(LetterDelivery delivery) override;
    Task<Result<std::uint64_t>> drop_letters(
        QueueName queue, std::vector<MessageId> letters) override;

    // remote_messages.cpp
    using Producer::post;
    Task<Result<Posted>> post(
        QueueName queue, std::vector<NewMessage> messages, PostOptions options) override;
    Task<Result<std::optional<Reply>>> get_reply(MessageId message) override;
    Task<Result<std::optional<Reply>>> wait_reply(MessageId message, Deadline deadline) override;
    Task<Result<void>> cancel(MessageId message) override;
    Task<Result<void>> reschedule(MessageId message, TimePoint due) override;
    Task<Result<MessagePage>> peek(PeekRequest request) override;
    Task<Result<MessageView>> get(MessageId message) override;
    Task<Result<Explanation>> explain(MessageId message) override;

    // remote_consumer.cpp
    using Consumer::ack;
    using Consumer::charge;
    using Consumer::extend;
    using Consumer::nack;
    Task<Result<std::vector<LeasedMessage>>> pop(PopRequest request) override;
    Task<Result<PerReceipt<void>>> ack(std::vector<Receipt> receipts) override;
    Task<Result<PerReceipt<NackOutcome>>> nack(std::vector<NackRequest> requests) override;
    Task<Result<PerReceipt<TimePoint>>> extend(
        std::vector<Receipt> receipts, Duration lease) override;
    Task<Result<PerReceipt<void>>> charge(std::vector<Charge> charges) override;
    Task<Result<AckedAndPopped>> ack_and_pop(
        std::vector<Receipt> receipts, PopRequest request) override;
    Task<Result<void>> reply(MessageId message, Bytes result, std::string metadata) override;
    std::unique_ptr<Watch> watch_cancels(std::function<void(const MessageId&)> cancelled) override;

    // remote_streams.cpp
    Task<Result<std::uint64_t>> append_output(Receipt receipt, std::vector<Bytes> events) override;
    Task<Result<OutputPage>> read_output(OutputRequest request) override;
    Task<Result<std::uint64_t>> subscribe(
        QueueName queue, SubscriptionName name, LogStart start) override;
    Task<Result<void>> unsubscribe(QueueName queue, SubscriptionName name) override;
    Task<Result<std::vector<Subscription>>> subscriptions(QueueName queue) override;
    Task<Result<std::vector<MessageView>>> fetch(FetchRequest request) override;
    Task<Result<void>> commit(QueueName queue, SubscriptionName name, std::uint64_t seq) override;
    Task<Result<std::uint64_t>> seek(
        QueueName queue, SubscriptionName name, LogStart start) override;
    Task<Result<std::uint64_t>> truncate_before(QueueName queue, std::uint64_t seq) override;

private:
    /// The same command to every partition at once. Fails with the first error in their order.
    template <class C>
    Task<Result<std::vector<typename C::Answer>>> call_all(C command);
    Task<Result<void>> set_quotas(SetQuota command);
    Task<Result<std::uint64_t>> redrive_across(RedriveRequest request);
    struct HandOver;
    Task<Result<bool>> hand_over(HandOver& state);
    Task<bool> dedup_outlives_retries(const QueueName& queue);
    Task<Result<AckedAndPopped>> ack_and_pop_now(std::vector<Receipt> receipts, Pop command);

    mutable RemoteCaller caller_;
};

}  // namespace baton::queue::remote

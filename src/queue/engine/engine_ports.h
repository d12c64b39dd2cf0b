// All ports of queue/queues.h as one object: each call becomes a command of the commit pipeline.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "queue/engine/command_desk.h"
#include "queue/engine/commit_pipeline.h"
#include "queue/engine/engine_queues.h"
#include "queue/queues.h"

namespace baton::queue {

/// Make it with make_engine_queues or make_partition_queues.
class EngineQueues final : public PartitionQueues {
public:
    EngineQueues(std::unique_ptr<Store> store, PipelineConfig config, const Clock& clock,
        MetricRegistry& metrics, baton::Log log);

    [[nodiscard]] Result<void> start() { return pipeline_.start(); }
    void stop() override { pipeline_.stop(); }
    [[nodiscard]] Result<void> health() const override { return pipeline_.health(); }

    // engine_operator.cpp
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
    Task<Result<QuotaUsage>> share_quotas(std::vector<TenantUsage> elsewhere) override;
    Task<Result<QueueStats>> stats(QueueName name) override;

    // engine_letters.cpp
    Task<Result<LetterPage>> find_letters(
        RedriveRequest request, std::uint64_t after_seq, std::uint32_t max) override;
    Task<Result<std::uint64_t>> take_letters(LetterDelivery delivery) override;
    Task<Result<std::uint64_t>> drop_letters(
        QueueName queue, std::vector<MessageId> letters) override;

    // engine_producer.cpp
    using Producer::post;
    Task<Result<Posted>> post(
        QueueName queue, std::vector<NewMessage> messages, PostOptions options) override;
    Task<Result<std::optional<Reply>>> get_reply(MessageId message) override;
    Task<Result<std::optional<Reply>>> wait_reply(MessageId message, Deadline deadline) override;
    Task<Result<void>> cancel(MessageId message) override;
    Task<Result<void>> reschedule(MessageId message, TimePoint due) override;

    // engine_consumer.cpp
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
    std::unique_ptr<Watch> watch_cancels(std::function<void(const MessageId&)> cancelled) override {
        return pipeline_.watch_cancels(std::move(cancelled));
    }

    // engine_browser.cpp
    Task<Result<MessagePage>> peek(PeekRequest request) override;
    Task<Result<MessageView>> get(MessageId message) override;
    Task<Result<Explanation>> explain(MessageId message) override;

    // engine_outputs.cpp
    Task<Result<std::uint64_t>> append_output(Receipt receipt, std::vector<Bytes> events) override;
    Task<Result<OutputPage>> read_output(OutputRequest request) override;

    // engine_log.cpp
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
    Task<Result<RedriveStep>> redrive_step(
        const RedriveRequest& request, std::uint64_t after_seq, RedriveSchedule schedule);
    Task<Result<RedriveStep>> move_step(
        const RedriveRequest& request, std::uint64_t after_seq, RedriveSchedule schedule);
    void return_unseen(const std::vector<LeasedMessage>& popped);

    CommitPipeline pipeline_;
    CommandDesk desk_{pipeline_};
};

}  // namespace baton::queue

// The engine: all queues of one store as one deterministic state machine.
// (state, command, now) → (records, answer): no I/O, clock, threads or randomness of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "queue/engine/effects.h"
#include "queue/engine/queue_state.h"
#include "queue/engine/store.h"
#include "queue/queues.h"

namespace baton::queue {

struct EngineConfig {
    /// Bytes that contents in memory cost; what is beyond stays in the store until it is popped.
    std::uint64_t memory_budget = 32 * 1024 * 1024;
    /// A random number of this process: tells the ids of queues in memory from earlier ones.
    std::uint64_t run = 0;
};

/// Use from one thread. An answer may be told to others only after the records taken with it are
/// durable. `now` must not go back between calls; call `advance` with it before commands of that
/// instant.
class Engine final : public RecoverySink {
public:
    explicit Engine(EngineConfig config);
    ~Engine() override;

    // Commands: as queue::Queues describes them.
    /// `uid`: a random number for a queue that is made.
    Result<bool> put_queue(const QueueName& name, QueueConfig config, std::uint64_t uid,
        TimePoint now, std::optional<TenantId> owner = {});
    Result<void> delete_queue(const QueueName& name);
    Result<std::uint64_t> purge(const QueueName& name, TimePoint now);
    Result<void> set_paused(const QueueName& name, bool paused);
    Result<void> pause_key(const QueueName& name, const PausedKey& key, bool paused, TimePoint now);
    Result<void> set_quota(const TenantId& owner, std::uint64_t limit);
    StorageQuota quota(const TenantId& owner);
    /// `elsewhere`: what counts for the quotas beside what is kept here, until the next call.
    QuotaUsage share_quotas(const std::vector<TenantUsage>& elsewhere);
    /// One step of a redrive in the queue itself: at most `max` after `after_seq`.
    Result<RedriveStep> redrive(const RedriveRequest& request, std::uint64_t after_seq,
        std::size_t max, const RedriveSchedule& schedule, TimePoint now);
    /// Moves those of `letters` (with data) that are still dead, all or none. Returns how many.
    Result<std::uint64_t> move(const QueueName& from, const QueueName& to,
        const std::vector<MessageView>& letters, const RedriveSchedule& schedule, TimePoint now);
    Result<LetterPage> find_letters(
        const RedriveRequest& request, std::uint64_t after_seq, std::size_t max, TimePoint now);
    Result<std::uint64_t> take_letters(const LetterDelivery& delivery, TimePoint now);
    Result<std::uint64_t> drop_letters(
        const QueueName& name, const std::vector<MessageId>& letters, TimePoint now);
    Result<void> reschedule(const MessageId& message, TimePoint due, TimePoint now);
    Result<Explanation> explain(const MessageId& message, TimePoint now);
    Result<QueueInfo> get_queue(const QueueName& name);
    [[nodiscard]] std::vector<QueueInfo> list_queues();
    Result<QueueStats> stats(const QueueName& name);
    /// Refused for lack of room it leaves `messages` as they are.
    Result<Posted> post(const QueueName& name, std::vector<NewMessage>&& messages, TimePoint now,
        PostOptions options = {});
    Result<std::vector<LeasedMessage>> pop(const PopRequest& request, TimePoint now);
    Result<void> ack(const Receipt& receipt, TimePoint now);
    Result<NackOutcome> nack(const NackRequest& request, TimePoint now);
    Result<TimePoint> extend(const Receipt& receipt, Duration lease, TimePoint now);
    Result<void> charge(const Receipt& receipt, std::uint32_t cost);
    Result<void> cancel(const MessageId& message, TimePoint now);
    Result<void> reply(const MessageId& message, Bytes result, std::string metadata, TimePoint now);
    Result<std::optional<KeptReply>> find_reply(const MessageId& message, TimePoint now);
    /// Refused for lack of room it leaves `events` as they are.
    Result<std::uint64_t> append_output(
        const Receipt& receipt, std::vector<Bytes>&& events, TimePoint now);
    Result<OutputSlice> read_output(const OutputRequest& request, TimePoint now);
    Result<std::uint64_t> subscribe(
        const QueueName& name, const SubscriptionName& subscription, const LogStart& start);
    Result<void> unsubscribe(const QueueName& name, const SubscriptionName& subscription);
    Result<std::vector<Subscription>> subscriptions(const QueueName& name);
    Result<std::vector<MessageView>> fetch(const FetchRequest& request, TimePoint now);
    Result<void> commit(
        const QueueName& name, const SubscriptionName& subscription, std::uint64_t seq);
    Result<std::uint64_t> seek(
        const QueueName& name, const SubscriptionName& subscription, const LogStart& start);
    Result<std::uint64_t> truncate_before(const QueueName& name, std::uint64_t seq, TimePoint now);
    Result<MessagePage> peek(const PeekRequest& request);
    Result<MessageView> get(const MessageId& message, TimePoint now);

    /// Does what time brings up to `now`, at most `max` things; true when more is due.
    bool advance(TimePoint now, std::size_t max = 1'000);
    /// When `advance` has something to do next.
    [[nodiscard]] std::optional<TimePoint> next_due() const { return effects_.timers.next(); }

    /// What may still come into the batch that is being made, as the store says: commands that
    /// need more fail with storage_full and change nothing. Not called: no limit.
    void allow_growth(std::uint64_t bytes) noexcept { effects_.room.allow(bytes); }
    /// What the batch would bring with the command refused so since the last call; 0: none was.
    [[nodiscard]] std::uint64_t take_lacking() noexcept { return effects_.room.take_lacking(); }

    struct Batch {
        std::vector<Record> records;
        Durability durability = Durability::relaxed;
        std::uint64_t growth = 0;  ///< bytes, as growth.h tells them
    };
    /// What has changed since the last call, for the store.
    [[nodiscard]] Batch take_batch();
    /// A batch that changes nothing: committing it shows that the store is still ours.
    [[nodiscard]] Batch take_proof();
    /// How many messages went since the last call.
    [[nodiscard]] std::uint64_t take_gone() noexcept { return std::exchange(effects_.gone, 0); }
    [[nodiscard]] std::size_t live_count() const;
    /// Gives the memory of a batch that was committed to the next one.
    void reuse(std::vector<Record> records);
    /// The batch taken last is durable, with all that was done before it was taken.
    void committed();
    [[nodiscard]] std::size_t batch_records() const noexcept { return effects_.records.size(); }
    [[nodiscard]] std::uint64_t batch_bytes() const noexcept { return effects_.record_bytes; }

    /// Whether a command since the last call looked at what a store keeps: the messages of most
    /// queues, and which queues there are. Asking resets it.
    [[nodiscard]] bool take_touched_stored() noexcept {
        return std::exchange(touched_stored_, false);
    }

    /// What may end a wait.
    struct News {
        std::vector<std::uint64_t> queues;   ///< uids of queues in which anything happened
        std::vector<std::uint64_t> dropped;  ///< uids of queues that have gone
        std::vector<MessageId> replies;      ///< messages that got a reply
        std::vector<MessageId> cancelled;    ///< leased messages that were cancelled
        StreamNews streams;
    };
    /// What has happened since the last call.
    [[nodiscard]] News take_news();

    /// The uid of a queue. Fails: queue_not_found.
    Result<std::uint64_t> uid_of(const QueueName& name);

    /// The place of a message in the store. Fails: message_not_found (no such queue).
    Result<Locator> locate(const MessageId& message);

    // Recovery: `forget_stored`, then what the store has, then `finish_recovery`.
    /// Drops every queue that a store keeps, and what was done since `committed`; their totals come
    /// back with them. Queues in memory stay or come back, with their messages, and are what the
    /// store has of them: none, when it does not know them.
    void forget_stored();
    void queue(QueuePut queue, std::uint64_t next_seq) override;
    void message(RecoveredMessage message) override;
    void dedup(Locator first, std::string key, TimePoint until) override;
    void reply(RecoveredReply reply) override;
    void output(RecoveredOutput output) override;
    void cursor(QueueNumber queue, std::string subscription, std::uint64_t committed) override;
    void paused_key(QueueNumber queue, KeyKind kind, std::string key) override;
    void quota(TenantId owner, std::uint64_t limit) override;
    void finish_recovery(TimePoint now);
    /// The latest moment of the past that the store knew of. `now` must not be before it, also for
    /// `finish_recovery`.
    [[nodiscard]] TimePoint recovered_time() const noexcept { return recovered_time_; }

private:
    Result<QueueState*> find(const QueueName& name);
    Result<QueueState*> find_log(const QueueName& name, std::string_view call);
    Result<QueueState*> find(const MessageId& message, Errc missing = Errc::message_not_found);
    QueueState* find(QueueNumber number);
    QueueState& add(QueueNumber number, std::uint64_t uid, QueueInfo info);
    Result<void> make(std::uint64_t uid, QueueInfo info);
    Result<void> make_anew(QueueState& queue, QueueInfo info, std::uint64_t uid);
    void drop(QueueState& queue);
    void forget(QueueState& queue);
    void put_back(QueueNumber number);
    void touch(QueueState& queue);
    void stir(QueueState& queue);
    void shrink_timers();

    Effects effects_;
    std::unordered_map<QueueName, std::unique_ptr<QueueState>> queues_;
    std::unordered_map<std::uint64_t, QueueState*> by_uid_;
    std::unordered_map<std::uint32_t, QueueState*> by_number_;
    std::unordered_set<std::uint32_t> recovered_;    ///< queues the store has, while it is read
    std::unordered_map<std::uint64_t, Past> pasts_;  ///< by uid, of stored queues that went
    /// Queues in memory that went since `committed`. They are still found by their number.
    std::vector<std::unique_ptr<QueueState>> dropped_;
    std::uint32_t next_number_ = 1;
    std::uint32_t first_new_number_ = 1;  ///< from here on the store does not know queues yet
    std::uint64_t run_;
    bool touched_stored_ = false;
    News news_;
    TimePoint advanced_to_{};
    TimePoint recovered_time_{};
};

}  // namespace baton::queue

// One queue as a pure state machine: messages, leases, order, levels. No I/O, no clock, no locks.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "queue/engine/effects.h"
#include "queue/engine/key_table.h"
#include "queue/engine/log_state.h"
#include "queue/engine/message_table.h"
#include "queue/engine/output_table.h"
#include "queue/engine/queue_parts.h"
#include "queue/engine/ready_messages.h"
#include "queue/engine/recall.h"
#include "queue/engine/record.h"
#include "queue/engine/redrive.h"
#include "queue/engine/store.h"
#include "queue/engine/token_bucket.h"
#include "queue/queues.h"

namespace baton::queue {

/// A popped batch, a peeked one: views whose `data` is null must be read from the store.
/// `now` never goes back from one call to the next. Every change writes its records and timers to
/// the Effects given at construction, which must outlive the queue.
class QueueState {
public:
    QueueState(QueueNumber number, std::uint64_t uid, QueueInfo info, Effects& effects);
    QueueState(const QueueState&) = delete;
    QueueState& operator=(const QueueState&) = delete;

    /// A new configuration, stored as the old one is or not, and a new owner; messages stay.
    void configure(QueueConfig config, TenantId owner, TimePoint now);
    void set_paused(bool paused);
    /// Takes back what did not reach the store: configuration, owner, pauses.
    void restore(QueueInfo info, TimePoint now);

    Result<Posted> post(std::vector<NewMessage>&& messages, PostOptions options, TimePoint now);
    std::vector<LeasedMessage> pop(const PopRequest& request, TimePoint now);
    Result<void> ack(const Receipt& receipt, TimePoint now);
    Result<NackOutcome> nack(const NackRequest& request, TimePoint now);
    Result<TimePoint> extend(const Receipt& receipt, TimePoint until);
    Result<void> charge(const Receipt& receipt, std::uint32_t cost);
    /// Whether it was leased.
    Result<bool> cancel(std::uint64_t seq, TimePoint now);
    std::uint64_t purge(TimePoint now);

    /// Fails: message_not_found; conflict for a leased or dead one.
    Result<void> reschedule(std::uint64_t seq, TimePoint due, TimePoint now);
    /// Fails: queue_full when too many are paused.
    Result<void> pause_key(const PausedKey& key, bool paused, TimePoint now);
    /// The dead letters that a request means, by seq, after `after_seq`, at most `max`.
    [[nodiscard]] std::vector<std::uint64_t> dead_letters(
        const RedriveRequest& request, std::uint64_t after_seq, std::size_t max) const;
    /// Makes dead letters ready again, one after the other from `schedule` on; all or none.
    /// Fails: queue_full.
    Result<void> redrive(
        std::span<const std::uint64_t> seqs, const RedriveSchedule& schedule, TimePoint now);
    /// A dead letter as another queue takes it in.
    [[nodiscard]] MovedLetter take_out(std::uint64_t seq, TimePoint now);
    /// Whether `letters` would be taken in, given that the same tenant frees so much. Fails:
    /// queue_full, message_too_large, quota_exceeded, storage_full.
    Result<void> check_room(
        std::span<const MessageData* const> letters, std::uint64_t quota_bytes_gone);
    void take_in(MovedLetter letter, TimePoint due, TimePoint now);
    Result<Explanation> explain(std::uint64_t seq, TimePoint now);

    MessagePage peek(const PeekRequest& request);
    Result<MessageView> view_of(std::uint64_t seq, TimePoint now);
    [[nodiscard]] QueueStats stats() const;

    /// A timer of this queue has come up.
    void on_timer(const Timer& timer, TimePoint now);
    /// Whether a timer still means something.
    [[nodiscard]] bool holds(const Timer& timer) const;

    /// Marks the queue as one in which something happened; true when it was not marked yet.
    [[nodiscard]] bool stir() noexcept { return !std::exchange(stirred_, true); }
    void settle() noexcept { stirred_ = log_.told = false; }

    [[nodiscard]] bool is_dead(std::uint64_t seq) const { return dead_.contains(seq); }
    [[nodiscard]] QueueNumber number() const noexcept { return number_; }
    [[nodiscard]] std::uint64_t uid() const noexcept { return uid_; }
    [[nodiscard]] const QueueInfo& info() const noexcept { return info_; }
    /// Whether a store keeps this queue's messages.
    [[nodiscard]] bool is_stored() const noexcept {
        return info_.config.durability != Durability::memory;
    }
    [[nodiscard]] bool is_log() const noexcept { return info_.config.mode == QueueMode::log; }
    /// Before the queue goes as a whole: what its messages held in memory and of the tenant's quota
    /// is free again.
    void forget_bodies();
    [[nodiscard]] std::size_t live_count() const noexcept { return table_.size(); }
    /// Without what the batch did that is being made.
    [[nodiscard]] const Past& past() const noexcept { return totals_.before(effects_.batch); }
    void remember(const Past& past) noexcept { totals_.set(past); }

private:
    // What they do is written down beside them; they work on the parts below.
    friend class QueueLetters;
    friend class QueueLog;
    friend class QueueLook;
    friend class QueueOutputs;
    friend class QueueRecovery;
    friend class QueueReplies;

    [[nodiscard]] Result<Durability> promise(PostOptions options) const;
    Result<std::vector<std::uint64_t>> find_duplicates(
        std::span<const NewMessage> messages, TimePoint now);
    Result<void> make_room(std::span<const NewMessage> messages,
        std::span<const std::uint64_t> first, Durability durability, TimePoint now);
    void post_one(const std::shared_ptr<NewMessage>& message, std::uint32_t fairness_key,
        Durability durability, TimePoint now);
    void force_earlier();
    Result<void> check_rate(std::size_t count, TimePoint now);
    /// Of the store, for what a command adds. Fails: storage_full.
    [[nodiscard]] Result<void> take_room(std::uint64_t growth);
    Result<void> check_quota(std::uint64_t bytes, std::uint64_t gone_bytes) const;
    Slot& add_slot(const MessageData& data, TimePoint due, TimePoint expires, TimePoint now);
    void add_bytes(std::int64_t bytes);
    void add_kept(std::int64_t bytes);
    void set_owner(TenantId owner);
    void set_rates(TimePoint now);
    void order_anew();
    void hold_key(PausedKey key);
    void free_key(const PausedKey& key, TimePoint now);
    void keep_body(Slot& slot, std::shared_ptr<const MessageData> data);
    void drop_body(Slot& slot);
    void set_state(Slot& slot, MessageState state);
    void count(const Slot& slot, std::int64_t by);
    void enter(std::uint64_t seq, Slot& slot, TimePoint now);
    void place(std::uint64_t seq, Slot& slot, TimePoint now);
    void stand_in_line(std::uint64_t seq, Slot& slot, Line& line);
    void leave_middle_of_line(std::uint64_t seq, Slot& slot);
    void enter_when(std::uint64_t seq, Slot& slot, TimePoint due, TimePoint now);
    void raise(std::uint64_t seq, Slot& slot, TimePoint now);
    void leave_line(std::uint64_t seq, const Slot& slot, TimePoint now);
    void remove(std::uint64_t seq, Slot& slot, TimePoint now);
    void give_back(std::uint64_t seq, Slot& slot, TimePoint due, TimePoint now);
    void bury(std::uint64_t seq, Slot& slot, std::string reason, TimePoint now);
    NackOutcome fail_delivery(
        std::uint64_t seq, Slot& slot, const NackRequest& request, TimePoint now);
    void note_failure(std::uint64_t seq, const Slot& slot, std::string reason, TimePoint now);
    void arm_retention();
    void drop_ended(TimePoint now);
    [[nodiscard]] std::uint64_t ahead_of(std::uint64_t seq, const Slot& slot, TimePoint now);
    void explain_key(std::uint64_t seq, const Slot& slot, std::vector<Hindrance>& found);
    std::uint32_t weight_of(std::uint32_t fairness_key) const;
    std::uint64_t tokens_for_pop(TimePoint now);
    Result<Slot*> leased_slot(const Receipt& receipt);
    MessageView view(std::uint64_t seq, const Slot& slot) const;
    [[nodiscard]] std::uint64_t answer_bytes(std::uint64_t seq, const Slot& slot) const;
    void emit(Record record) { emit(std::move(record), info_.config.durability); }
    void emit(Record record, Durability durability);
    void emit_delivery(std::uint64_t seq, const Slot& slot);
    [[nodiscard]] Past& totals() noexcept { return totals_.in(effects_.batch); }
    void touch(TimePoint now) noexcept { totals().last_accessed = now; }
    [[nodiscard]] bool in_lane(std::uint64_t seq, Level level) const;
    [[nodiscard]] std::uint64_t unfinished() const;
    [[nodiscard]] std::uint64_t unfinished_bytes() const;
    [[nodiscard]] std::uint64_t ready_count() const;
    [[nodiscard]] Locator locator(std::uint64_t seq) const { return {number_, seq}; }

    QueueNumber number_;
    std::uint64_t uid_;
    QueueInfo info_;
    Effects& effects_;
    std::uint64_t next_seq_ = 1;
    MessageTable table_;
    std::array<LevelState, level_count> levels_;
    ReadyMessages ready_;
    KeyTable<Line> ordering_;
    KeyTable<std::uint32_t> fairness_;                ///< the key's weight
    std::map<PausedKey, std::uint32_t> paused_keys_;  ///< to the key's number, which is in use
    std::set<std::uint64_t> dead_;
    TokenBucket post_rate_;
    TokenBucket pop_rate_;
    TimePoint rate_armed_ = TimePoint::max();
    Tenant* tenant_;
    std::unordered_map<std::uint64_t, Trouble> trouble_;
    LogState log_;         ///< in log mode
    OutputTable outputs_;  ///< of messages that are here
    Recall recall_;
    TimePoint retention_armed_ = TimePoint::max();
    Counts counts_;
    Totals totals_;
    bool stirred_ = false;
};

}  // namespace baton::queue

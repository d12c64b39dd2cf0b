// A queue in log mode: messages stay, and subscriptions pass over them. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/subscription.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {

/// The calls of queue::Log on one queue, and what log mode does where the queue does something
/// else. A view: make it where it is used.
class QueueLog {
public:
    explicit QueueLog(QueueState& queue) : queue_(queue), log_(queue.log_) {}

    /// Fails with `unsupported`, naming what to call `instead`, when the queue is in another mode.
    [[nodiscard]] Result<void> require_mode(
        QueueMode mode, std::string_view call, std::string_view instead) const;

    Result<std::uint64_t> subscribe(const std::string& name, const LogStart& start);
    Result<void> unsubscribe(const std::string& name);
    [[nodiscard]] std::vector<Subscription> subscriptions() const;
    Result<std::vector<MessageView>> fetch(const std::string& name,
        std::optional<std::uint64_t> after, std::uint32_t max, TimePoint now);
    Result<void> commit(const std::string& name, std::uint64_t seq);
    Result<std::uint64_t> seek(const std::string& name, const LogStart& start);
    Result<std::uint64_t> truncate_before(std::uint64_t seq, TimePoint now);

    /// Removes everything up to `up_to`; returns how many went.
    std::uint64_t truncate(std::uint64_t up_to, TimePoint now);
    [[nodiscard]] Result<void> check_post(std::span<const NewMessage> messages) const;
    /// A message has come; its slot and body are in place.
    void posted();
    void keep_body(std::uint64_t seq, Slot& slot, std::shared_ptr<const MessageData> data);
    void drop_body(Slot& slot);
    void arm_retention();
    /// A timer of kind log_retention has come up.
    void on_timer(const Timer& timer, TimePoint now);
    /// Those who wait for more of the log have to look again.
    void tell();

    void recover_cursor(std::string subscription, std::uint64_t committed);
    void finish_recovery();

private:
    [[nodiscard]] Result<std::uint64_t> seq_before(const LogStart& start) const;
    void move_cursor(const std::string& name, std::uint64_t& cursor, std::uint64_t to);
    [[nodiscard]] TimePoint retention_due() const;
    void expire(TimePoint now);
    void shrink_tail();

    QueueState& queue_;
    LogState& log_;
};

}  // namespace baton::queue

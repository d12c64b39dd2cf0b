#include "queue/engine/queue_replies.h"

#include <utility>

#include <fmt/core.h>

#include "queue/engine/growth.h"

namespace baton::queue {

Result<void> QueueReplies::check_seq(std::uint64_t seq) const {
    if (seq != 0 && seq < queue_.next_seq_) return {};
    return fail(Errc::message_not_found, "no such message was ever posted here");
}

Result<void> QueueReplies::put(
    std::uint64_t seq, std::shared_ptr<const Reply> reply, TimePoint now) {
    BATON_TRY_VOID(check_seq(seq));
    const std::uint64_t size = reply->result.size();
    const QueueConfig& config = queue_.info_.config;
    if (size > config.max_message_size) {
        return fail_field(Errc::message_too_large, "result",
            fmt::format("{} bytes of result, the queue takes {}", size, config.max_message_size));
    }
    const auto* known = replies_.find_kept(seq);
    BATON_TRY_VOID(queue_.check_quota(size, known == nullptr ? 0 : known->bytes));
    BATON_TRY_VOID(queue_.take_room(growth_of(*reply)));
    const TimePoint until = now + Duration(config.reply_ttl);
    queue_.emit(ReplyStored{queue_.locator(seq), reply, until});
    Effects& effects = queue_.effects_;
    effects.record_bytes += queue_.is_stored() ? size : 0;
    KeptReply kept{.bytes = size};
    if (!queue_.is_stored()) {
        kept.reply = std::move(reply);
    } else if (effects.body_bytes + size <= effects.body_bytes_max) {
        kept.reply = std::move(reply);
        effects.body_bytes += size;
    }
    queue_.add_kept(static_cast<std::int64_t>(size));
    if (const auto old = replies_.put(seq, std::move(kept), until)) release(*old);
    queue_.arm_retention();
    queue_.touch(now);
    return {};
}

Result<std::optional<KeptReply>> QueueReplies::find(std::uint64_t seq, TimePoint now) {
    BATON_TRY_VOID(check_seq(seq));
    const auto* kept = replies_.find(seq, now);
    return kept ? std::optional(*kept) : std::nullopt;
}

void QueueReplies::release(const KeptReply& kept) {
    if (kept.reply && queue_.is_stored()) queue_.effects_.body_bytes -= kept.bytes;
    queue_.add_kept(-static_cast<std::int64_t>(kept.bytes));
}

void QueueReplies::drop_ended(TimePoint now) {
    replies_.drop_ended(now, [this](const KeptReply& kept) { release(kept); });
}

void QueueReplies::recover(const RecoveredReply& reply) {
    replies_.put(reply.at.seq, {.bytes = reply.bytes}, reply.expires_at);
    queue_.add_kept(static_cast<std::int64_t>(reply.bytes));
}

}  // namespace baton::queue

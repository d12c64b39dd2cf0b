// What a queue shows, held against its model.
#pragma once

#include <vector>

#include <rapidcheck.h>

#include "model/message.h"
#include "model/queue_config.h"
#include "support/queue_model.h"

namespace baton::test {

inline void check_messages(const std::vector<MessageView>& views, const QueueModel& model) {
    RC_ASSERT(views.size() == model.messages.size());
    auto expected = model.messages.begin();
    for (const auto& view : views) {
        const auto& [seq, message] = *expected++;
        const bool is_scheduled = message.state == MessageState::scheduled;
        RC_ASSERT(view.id.seq == seq);
        RC_ASSERT(view.state == message.state);
        RC_ASSERT(view.level == message.letter.level);
        RC_ASSERT(view.posted_at == message.posted);
        RC_ASSERT(view.due_at == (is_scheduled ? message.due : message.entered));
        RC_ASSERT(view.expires_at.value_or(TimePoint::max()) == message.expires);
        RC_ASSERT(view.attempts == message.attempts);
        RC_ASSERT(view.failures == message.failures);
        RC_ASSERT(view.lease_expires_at.has_value() == (message.state == MessageState::leased));
        if (view.lease_expires_at) RC_ASSERT(*view.lease_expires_at == message.due);
    }
}
inline void check_stats(const QueueStats& stats, const QueueModel& model) {
    RC_ASSERT(stats.ready == model.count(MessageState::ready));
    RC_ASSERT(stats.scheduled == model.count(MessageState::scheduled));
    RC_ASSERT(stats.leased == model.count(MessageState::leased));
    RC_ASSERT(stats.dead == model.count(MessageState::dead));
    RC_ASSERT(stats.message_count == stats.ready + stats.scheduled + stats.leased);
    RC_ASSERT(stats.used_storage == model.bytes());
    RC_ASSERT(stats.posted_total == model.posted_total);
    RC_ASSERT(stats.acked_total == model.acked_total);
    RC_ASSERT(stats.expired_total == model.expired_total);
    RC_ASSERT(stats.paused == model.paused);
}

}  // namespace baton::test

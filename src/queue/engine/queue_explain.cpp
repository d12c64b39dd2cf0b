// QueueState: why a message is not handed out.
#include <algorithm>

#include <fmt/core.h>

#include "base/text.h"
#include "queue/engine/queue_look.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {

Result<Explanation> QueueState::explain(std::uint64_t seq, TimePoint now) {
    const Slot* slot = table_.find(seq);
    if (slot == nullptr || !slot->is_live()) {
        return fail(Errc::message_not_found, "no such message, or it is finished");
    }
    Explanation answer{.view = view(seq, *slot)};
    auto& found = answer.hindrances;
    if (slot->state == MessageState::dead) {
        found.push_back({"dead", answer.view.dead_reason});
        return answer;
    }
    if (slot->state == MessageState::leased) {
        found.push_back({"leased", "until " + to_rfc3339(slot->due_at)});
        return answer;
    }
    if (slot->state == MessageState::scheduled) {
        found.push_back({"not_due", "due at " + to_rfc3339(slot->due_at)});
    }
    if (info_.paused) found.push_back({"queue_paused", info_.name.text});
    explain_key(seq, *slot, found);
    const auto place = static_cast<std::size_t>(slot->level);
    const std::uint32_t limit = info_.config.levels[place].max_concurrent;
    if (limit != 0 && levels_[place].leased >= limit) {
        found.push_back({"level_full", fmt::format("{} of level {} are leased, as many as may be",
                                           levels_[place].leased, to_string(slot->level))});
    }
    if (pop_rate_.is_limited() && pop_rate_.available(now) == 0) {
        found.push_back({"rate_limited",
            fmt::format("{} messages a second are handed out", info_.config.rates.pop_per_second)});
    }
    if (slot->state == MessageState::ready) answer.ahead = ahead_of(seq, *slot, now);
    return answer;
}

void QueueState::explain_key(std::uint64_t seq, const Slot& slot, std::vector<Hindrance>& found) {
    if (slot.ordering_key != 0) {
        const std::string key(ordering_.name(slot.ordering_key));
        const Line& line = ordering_.entry(slot.ordering_key);
        if (line.paused) found.push_back({"key_paused", fmt::format("ordering key `{}`", key)});
        if (line.active != 0 && line.active != seq) {
            found.push_back(
                {"ordering_key_busy", fmt::format("message {} of ordering key `{}` comes first",
                                          MessageId{uid_, line.active}.text(), key)});
        }
    }
    if (slot.fairness_key == 0) return;
    const std::string key(fairness_.name(slot.fairness_key));
    if (paused_keys_.contains({KeyKind::fairness, key})) {
        found.push_back({"key_paused", fmt::format("fairness key `{}`", key)});
    }
}

/// Of its ordering key the ones that stand before it; else what the queue's strategy gives out
/// first.
std::uint64_t QueueState::ahead_of(std::uint64_t seq, const Slot& slot, TimePoint now) {
    constexpr std::uint64_t max = Explanation::ahead_max;
    if (slot.ordering_key != 0) {
        const Line& line = ordering_.entry(slot.ordering_key);
        if (line.active != seq) {
            std::uint64_t ahead = 1;
            for (std::uint64_t at = line.first; at != seq && ahead < max;) {
                const Slot& before = *table_.find(at);
                ahead += before.is_live() ? 1 : 0;  // others only keep a place
                at = before.next_in_line;
            }
            return ahead;
        }
    }
    const QueueLook look(*this, std::nullopt, now);
    return ready_.ahead_of(slot.fairness_key, seq, slot.level, slot.expires_at, max, look);
}

}  // namespace baton::queue

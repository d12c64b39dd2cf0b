#include "queue/engine/queue_outputs.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/answer_budget.h"
#include "queue/engine/growth.h"

namespace baton::queue {
namespace {

/// The events of `events` from offset `from` on, `count` of them or as many as an answer holds;
/// `begin` is the offset of the first.
std::vector<OutputEvent> cut_out(const std::vector<OutputEvent>& events, std::uint64_t begin,
    std::uint64_t from, std::uint64_t count) {
    AnswerBudget budget;
    std::vector<OutputEvent> part;
    for (auto i = from - begin; part.size() < count; ++i) {
        if (!budget.take(events[i].data.size())) break;
        part.push_back(events[i]);
    }
    return part;
}

}  // namespace

Result<std::uint64_t> QueueOutputs::append(
    const Receipt& receipt, std::vector<Bytes>&& events, TimePoint now) {
    BATON_TRY(const Slot* slot, queue_.leased_slot(receipt));
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (events[i].size() > queue_.info_.config.max_message_size) {
            return fail_field(Errc::message_too_large, fmt::format("events[{}]", i),
                fmt::format("{} bytes of output, the queue takes {}", events[i].size(),
                    queue_.info_.config.max_message_size));
        }
        bytes += events[i].size();
    }
    const std::uint64_t seq = receipt.message.seq;
    const auto known = outputs_.kept.find(seq);
    const std::uint64_t first = known == outputs_.kept.end() ? 0 : known->second.events;
    const std::uint64_t before = known == outputs_.kept.end() ? 0 : known->second.bytes;
    if (first + events.size() > MessageLimits::output_events_max ||
        before + bytes > MessageLimits::output_bytes_max) {
        return fail_field(Errc::payload_too_large, "events",
            fmt::format("the output holds {} events, {} bytes; a message may say {} and {}", first,
                before, MessageLimits::output_events_max, MessageLimits::output_bytes_max));
    }
    BATON_TRY_VOID(queue_.check_quota(bytes, 0));
    BATON_TRY_VOID(queue_.take_room(growth_of(std::span<const Bytes>(events))));
    Output& output = outputs_.kept[seq];
    output.bytes += bytes;
    queue_.add_kept(static_cast<std::int64_t>(bytes));
    output.expires_at = now + Duration(queue_.info_.config.reply_ttl);
    for (const auto& data : events) {
        keep_event(
            output, {.offset = output.events, .attempt = slot->attempts, .at = now, .data = data});
    }
    queue_.effects_.record_bytes += queue_.is_stored() ? bytes : 0;
    queue_.emit(OutputAppended{.at = queue_.locator(seq),
        .first = first,
        .attempt = slot->attempts,
        .appended_at = now,
        .events = std::move(events),
        .expires_at = output.expires_at});
    queue_.touch(now);
    wake_readers(seq);
    return output.events;
}

/// Keeps the event in memory: always when no store has it, else while there is room. The newest
/// ones are kept, so what does not fit makes the tail begin anew behind it.
void QueueOutputs::keep_event(Output& output, OutputEvent event) {
    ++output.events;
    if (queue_.is_stored() && !hold(output, held_bytes(event))) return;
    output.tail.push_back(std::move(event));
}

bool QueueOutputs::hold(Output& output, std::uint64_t size) {
    Effects& effects = queue_.effects_;
    if (output.tail_held + size > effects.tail_max()) drop_tail(output);
    if (size > effects.tail_max()) return false;
    if (!effects.hold(size)) {
        drop_tail(output);
        if (!effects.hold(size)) return false;
    }
    output.tail_held += size;
    return true;
}

void QueueOutputs::drop_tail(Output& output) {
    queue_.effects_.release(std::exchange(output.tail_held, 0));
    output.tail = {};
}

Result<OutputSlice> QueueOutputs::read(
    std::uint64_t seq, std::uint64_t from, std::uint32_t max, TimePoint now) {
    if (seq == 0 || seq >= queue_.next_seq_) {
        return fail(Errc::message_not_found, "no such message was ever posted here");
    }
    const auto kept = outputs_.kept.find(seq);
    const Output* output =
        kept != outputs_.kept.end() ? &kept->second : queue_.recall_.outputs.find(seq, now);
    const std::uint64_t end = output == nullptr ? 0 : output->events;
    OutputSlice slice;
    std::uint64_t count = from < end ? std::min<std::uint64_t>(end - from, max) : 0;
    if (count > 0 && from >= output->tail_begin()) {
        slice.events = cut_out(output->tail, output->tail_begin(), from, count);
        count = slice.events.size();
    } else {
        slice.stored = count;
    }
    slice.ended = is_finished(seq) && from + count >= end;
    if (slice.empty() && !slice.ended) outputs_.awaited.insert(seq);
    return slice;
}

/// Whether nothing will be added to the message's output: it is gone, or dead.
bool QueueOutputs::is_finished(std::uint64_t seq) const {
    const Slot* slot = queue_.table_.find(seq);
    return slot == nullptr || !slot->is_live() || slot->state == MessageState::dead;
}

void QueueOutputs::wake_readers(std::uint64_t seq) {
    if (outputs_.awaited.erase(seq) > 0) queue_.effects_.news.outputs.push_back({queue_.uid_, seq});
}

void QueueOutputs::finish(std::uint64_t seq) {
    wake_readers(seq);
    auto output = outputs_.take(seq);
    if (!output) return;
    if (queue_.is_stored()) drop_tail(*output);  // who still reads finds it in the store
    const TimePoint until = output->expires_at;
    queue_.recall_.outputs.put(seq, *std::move(output), until);
    queue_.arm_retention();
}

void QueueOutputs::forget() {
    for (auto& [seq, output] : outputs_.kept) {
        drop_tail(output);
        queue_.add_kept(-static_cast<std::int64_t>(output.bytes));
    }
}

void QueueOutputs::drop_ended(TimePoint now) {
    queue_.recall_.outputs.drop_ended(now, [this](const Output& output) {
        queue_.add_kept(-static_cast<std::int64_t>(output.bytes));
    });
}

void QueueOutputs::recover(const RecoveredOutput& recovered) {
    Output output{
        .events = recovered.events, .bytes = recovered.bytes, .expires_at = recovered.expires_at};
    queue_.add_kept(static_cast<std::int64_t>(recovered.bytes));
    if (queue_.table_.find(recovered.at.seq) != nullptr) {
        outputs_.kept.emplace(recovered.at.seq, std::move(output));
    } else {
        queue_.recall_.outputs.put(recovered.at.seq, std::move(output), recovered.expires_at);
    }
}

}  // namespace baton::queue

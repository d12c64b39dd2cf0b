#include "queue/store/journal/live_index.h"

#include <algorithm>

namespace baton::queue::journal {

PlaceTable::Page* PlaceTable::page_of(std::uint64_t seq) const noexcept {
    const auto found = pages_.find(seq / page_size);
    return found == pages_.end() ? nullptr : found->second.get();
}

Place PlaceTable::post(std::uint64_t seq) const noexcept {
    const Page* page = page_of(seq);
    return page == nullptr ? Place{} : page->posts[seq % page_size];
}

PlaceTable::Delivered PlaceTable::delivery(std::uint64_t seq) const noexcept {
    const Page* page = page_of(seq);
    return page == nullptr || !page->deliveries ? Delivered{}
                                                : (*page->deliveries)[seq % page_size];
}

void PlaceTable::set_post(std::uint64_t seq, Place place) {
    auto& page = pages_[seq / page_size];
    if (!page) page = std::make_unique<Page>();
    Place& at = page->posts[seq % page_size];
    if (!at) ++page->used;
    at = place;
}

void PlaceTable::set_delivery(std::uint64_t seq, Delivered delivered) {
    Page& page = *page_of(seq);
    if (!page.deliveries) page.deliveries = std::make_unique<std::array<Delivered, page_size>>();
    (*page.deliveries)[seq % page_size] = delivered;
}

void PlaceTable::clear_delivery(std::uint64_t seq) noexcept {
    Page* page = page_of(seq);
    if (page != nullptr && page->deliveries) (*page->deliveries)[seq % page_size] = {};
}

void PlaceTable::erase(std::uint64_t seq) {
    const auto found = pages_.find(seq / page_size);
    if (found == pages_.end()) return;
    Page& page = *found->second;
    Place& at = page.posts[seq % page_size];
    if (!at) return;
    at = {};
    if (page.deliveries) (*page.deliveries)[seq % page_size] = {};
    if (--page.used == 0) pages_.erase(found);
}

LiveIndex::Queue& LiveIndex::queue(QueueNumber number, Place place) {
    const auto [entry, is_new] = queues_.try_emplace(number);
    if (is_new) entry->second.born = place;
    return entry->second;
}

const LiveIndex::Queue* LiveIndex::find(QueueNumber number) const {
    const auto found = queues_.find(number);
    return found == queues_.end() ? nullptr : &found->second;
}

void LiveIndex::add_live(Place place) {
    auto& use = uses_[place.segment];
    use.live_bytes += place.size();
    ++use.live_records;
}

void LiveIndex::kill(Place place) {
    if (!place) return;
    auto& use = uses_[place.segment];
    use.live_bytes -= place.size();
    --use.live_records;
}

void LiveIndex::apply(const Mark& mark, Place place) {
    horizon_ = std::max(horizon_, mark.seen_at);
    if (mark.type == RecordType::queue_dropped) return drop(mark.at.queue);
    if (mark.type == RecordType::quota_set) return set_quota(mark, place);
    Queue& of = queue(mark.at.queue, place);
    switch (mark.type) {
        case RecordType::queue_put:
            kill(of.put);
            of.put = place;
            of.next_seq = std::max(of.next_seq, mark.next_seq);
            return add_live(place);
        case RecordType::message_posted: return post(of, mark, place);
        case RecordType::delivery_changed:
            // Of a message whose post has gone with its segment: it is finished, or comes again
            // further on, with the delivery it had then.
            if (!of.messages.post(mark.at.seq)) return;
            kill(of.messages.delivery(mark.at.seq).place);
            of.messages.set_delivery(mark.at.seq, {place, mark.state});
            return add_live(place);
        case RecordType::message_gone: return gone(of, mark.at.seq);
        case RecordType::queue_purged: return purge(of, mark.at.seq);
        case RecordType::reply_stored: return reply(of, mark, place);
        case RecordType::retention_passed: return pass(of, mark.until);
        case RecordType::dedup_kept: return note_dedup(mark, place);
        case RecordType::output_appended: return output(of, mark, place);
        case RecordType::cursor_moved: return move_cursor(of, mark, place);
        case RecordType::cursor_dropped: return drop_cursor(of, mark.subscription);
        case RecordType::log_truncated: return truncate(of, mark.at.seq);
        case RecordType::key_paused: return pause_key(of, mark, place);
        case RecordType::quota_set:
        case RecordType::queue_dropped: return;
    }
}

void LiveIndex::drop(QueueNumber number) {
    const auto found = queues_.find(number);
    if (found == queues_.end()) return;
    Queue& queue = found->second;
    kill(queue.put);
    queue.messages.for_each(
        [this](std::uint64_t, Place post, const PlaceTable::Delivered& delivered) {
            kill(post);
            kill(delivered.place);
        });
    for (const auto& [seq, kept] : queue.replies) kill(kept.place);
    for (const auto& [seq, output] : queue.outputs) {
        for (const auto& part : output.parts) kill(part.place);
    }
    for (const auto& [name, cursor] : queue.cursors) kill(cursor.place);
    for (const auto& [key, place] : queue.paused_keys) kill(place);
    queues_.erase(found);
}

void LiveIndex::post(Queue& queue, const Mark& mark, Place place) {
    const auto seq = mark.at.seq;
    kill(queue.messages.post(seq));
    kill(queue.messages.delivery(seq).place);
    queue.messages.clear_delivery(seq);
    queue.messages.set_post(seq, place);
    add_live(place);
    if (seq <= queue.highest_placed) queue.is_in_order = false;
    queue.highest_placed = std::max(queue.highest_placed, seq);
    queue.next_seq = std::max(queue.next_seq, seq + 1);
    if (mark.until != TimePoint{}) note_dedup(mark, place);
}

void LiveIndex::gone(Queue& queue, std::uint64_t seq) {
    kill(queue.messages.post(seq));
    kill(queue.messages.delivery(seq).place);
    queue.messages.erase(seq);
    if (is_replayed_) drop_ended_output(queue, seq);
}

void LiveIndex::purge(Queue& queue, std::uint64_t up_to) {
    std::vector<std::uint64_t> going;
    queue.messages.for_each([&](std::uint64_t seq, Place, const PlaceTable::Delivered& delivered) {
        const bool stays = delivered.place && delivered.state != MessageState::ready;
        if (seq <= up_to && !stays) going.push_back(seq);
    });
    for (const auto seq : going) gone(queue, seq);
}

void LiveIndex::reply(Queue& queue, const Mark& mark, Place place) {
    auto& kept = queue.replies[mark.at.seq];
    kill(kept.place);
    kept = {place, mark.until, mark.bytes};
    queue.reply_ends.emplace(mark.until, mark.at.seq);
    add_live(place);
}

void LiveIndex::pass(Queue& queue, TimePoint until) {
    horizon_ = std::max(horizon_, until);
    queue.passed = std::max(queue.passed, until);
    while (!queue.reply_ends.empty() && queue.reply_ends.top().first <= until) {
        const auto found = queue.replies.find(queue.reply_ends.top().second);
        queue.reply_ends.pop();
        // One that was stored again has a later end further down.
        if (found == queue.replies.end() || found->second.until > until) continue;
        kill(found->second.place);
        queue.replies.erase(found);
    }
    if (is_replayed_) pass_outputs(queue);
}

void LiveIndex::note_dedup(const Mark& mark, Place place) {
    auto& use = uses_[place.segment];
    use.dedup_bytes += mark.dedup_size;
    use.dedup_until = std::max(use.dedup_until, mark.until);
}

bool LiveIndex::is_current(const Mark& mark, Place place) const {
    if (mark.type == RecordType::quota_set) {
        const auto quota = quotas_.find(mark.name);
        return quota != quotas_.end() && quota->second.place == place;
    }
    const Queue* queue = find(mark.at.queue);
    if (queue == nullptr) return false;
    switch (mark.type) {
        case RecordType::key_paused: {
            const auto found = queue->paused_keys.find({mark.kind, std::string(mark.name)});
            return found != queue->paused_keys.end() && found->second == place;
        }
        case RecordType::queue_put: return queue->put == place;
        case RecordType::message_posted: return queue->messages.post(mark.at.seq) == place;
        case RecordType::delivery_changed:
            return queue->messages.delivery(mark.at.seq).place == place;
        case RecordType::reply_stored: {
            const auto found = queue->replies.find(mark.at.seq);
            return found != queue->replies.end() && found->second.place == place;
        }
        case RecordType::output_appended:
        case RecordType::cursor_moved: return is_current_stream(*queue, mark, place);
        case RecordType::queue_dropped:
        case RecordType::message_gone:
        case RecordType::queue_purged:
        case RecordType::retention_passed:
        case RecordType::dedup_kept:
        case RecordType::cursor_dropped:
        case RecordType::log_truncated:
        case RecordType::quota_set: return false;
    }
    return false;
}

bool LiveIndex::counts_for_dedup(const Mark& mark, Place place) const {
    if (mark.type != RecordType::message_posted && mark.type != RecordType::dedup_kept) {
        return false;
    }
    const Queue* queue = find(mark.at.queue);
    if (queue == nullptr || mark.until <= std::max(horizon_, queue->passed)) return false;
    return std::pair(place.segment, place.offset8) >=
           std::pair(queue->born.segment, queue->born.offset8);
}

bool LiveIndex::is_releasable(std::uint32_t segment) const {
    const auto found = uses_.find(segment);
    return found == uses_.end() ||
           (found->second.live_records == 0 && found->second.dedup_until <= horizon_);
}

std::uint64_t LiveIndex::live_bytes(const SegmentUse& use) const noexcept {
    return use.live_bytes + (use.dedup_until > horizon_ ? use.dedup_bytes : 0);
}

bool LiveIndex::is_wasteful(std::uint64_t slack) const {
    std::uint64_t used = 0;
    std::uint64_t live = 0;
    for (const auto& [number, use] : uses_) {
        used += use.used_bytes;
        live += live_bytes(use);
    }
    return used > 2 * live + slack;
}

std::uint64_t LiveIndex::next_seq_for(std::span<const Record> before, const Record& record) const {
    const auto* put = std::get_if<Boxed<QueuePut>>(&record);
    if (put == nullptr) return 0;
    const QueueNumber number = (*put)->number;
    const auto* queue = find(number);
    const bool is_dropped = std::ranges::any_of(before, [&](const Record& earlier) {
        const auto* dropped = std::get_if<QueueDropped>(&earlier);
        return dropped != nullptr && dropped->number == number;
    });
    return queue == nullptr || is_dropped ? 1 : queue->next_seq;
}

bool LiveIndex::is_half_dead(std::uint32_t segment) const {
    const auto found = uses_.find(segment);
    return found == uses_.end() || found->second.used_bytes >= 2 * live_bytes(found->second);
}

}  // namespace baton::queue::journal

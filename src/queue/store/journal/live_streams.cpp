// LiveIndex: outputs and logs.
#include <algorithm>
#include <numeric>

#include "queue/store/journal/live_index.h"

namespace baton::queue::journal {

std::uint64_t LiveIndex::Output::bytes() const {
    return std::accumulate(parts.begin(), parts.end(), std::uint64_t{0},
        [](std::uint64_t sum, const OutputPart& part) { return sum + part.bytes; });
}

void LiveIndex::truncate(Queue& queue, std::uint64_t up_to) {
    std::vector<std::uint64_t> going;
    const auto visit = [&](std::uint64_t seq, Place, const PlaceTable::Delivered&) {
        if (seq <= up_to) going.push_back(seq);
    };
    queue.messages.for_each(visit, up_to);
    for (const auto seq : going) gone(queue, seq);
}

/// Parts come in order, but for one that was moved: it comes behind those that followed it.
void LiveIndex::output(Queue& queue, const Mark& mark, Place place) {
    Output& output = queue.outputs[mark.at.seq];
    const auto at = std::ranges::lower_bound(output.parts, mark.first, {}, &OutputPart::first);
    const bool is_moved = at != output.parts.end() && at->first == mark.first;
    if (is_moved) {
        kill(at->place);
        at->place = place;
    } else {
        output.parts.insert(at, {mark.first, place, mark.events, mark.bytes});
    }
    add_live(place);
    if (output.parts.back().first == mark.first) output.until = mark.until;
    if (is_replayed_ && !is_moved) queue.output_ends.emplace(mark.until, mark.at.seq);
}

void LiveIndex::move_cursor(Queue& queue, const Mark& mark, Place place) {
    auto at = queue.cursors.find(mark.subscription);
    if (at == queue.cursors.end()) at = queue.cursors.emplace(mark.subscription, Cursor{}).first;
    kill(at->second.place);
    at->second = {place, mark.committed};
    add_live(place);
}

void LiveIndex::drop_cursor(Queue& queue, std::string_view subscription) {
    const auto at = queue.cursors.find(subscription);
    if (at == queue.cursors.end()) return;
    kill(at->second.place);
    queue.cursors.erase(at);
}

void LiveIndex::pause_key(Queue& queue, const Mark& mark, Place place) {
    const std::pair key(mark.kind, std::string(mark.name));
    if (const auto found = queue.paused_keys.find(key); found != queue.paused_keys.end()) {
        kill(found->second);
        queue.paused_keys.erase(found);
    }
    if (!mark.paused) return;
    queue.paused_keys.emplace(key, place);
    add_live(place);
}

void LiveIndex::set_quota(const Mark& mark, Place place) {
    if (const auto found = quotas_.find(mark.name); found != quotas_.end()) {
        kill(found->second.place);
        quotas_.erase(found);
    }
    if (mark.limit == 0) return;
    quotas_.emplace(mark.name, Quota{place, mark.limit});
    add_live(place);
}

void LiveIndex::drop_ended_output(Queue& queue, std::uint64_t seq) {
    const auto found = queue.outputs.find(seq);
    if (found == queue.outputs.end() || found->second.until > queue.passed ||
        queue.messages.post(seq)) {
        return;
    }
    for (const auto& part : found->second.parts) kill(part.place);
    queue.outputs.erase(found);
}

/// One whose message is still there goes with it.
void LiveIndex::pass_outputs(Queue& queue) {
    while (!queue.output_ends.empty() && queue.output_ends.top().first <= queue.passed) {
        const auto seq = queue.output_ends.top().second;
        queue.output_ends.pop();
        drop_ended_output(queue, seq);
    }
}

void LiveIndex::finish_replay() {
    is_replayed_ = true;
    for (auto& [number, queue] : queues_) {
        for (const auto& [seq, output] : queue.outputs) {
            queue.output_ends.emplace(output.until, seq);
        }
        pass_outputs(queue);
    }
}

bool LiveIndex::is_current_stream(const Queue& queue, const Mark& mark, Place place) {
    if (mark.type == RecordType::cursor_moved) {
        const auto cursor = queue.cursors.find(mark.subscription);
        return cursor != queue.cursors.end() && cursor->second.place == place;
    }
    const auto output = queue.outputs.find(mark.at.seq);
    if (output == queue.outputs.end()) return false;
    const auto& parts = output->second.parts;
    const auto part = std::ranges::lower_bound(parts, mark.first, {}, &OutputPart::first);
    return part != parts.end() && part->first == mark.first && part->place == place;
}

}  // namespace baton::queue::journal

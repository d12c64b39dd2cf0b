#include "cluster_log.h"

#include <string>
#include <utility>

namespace baton::test {

queue::SharedLog::Bounds SimSharedLog::bounds() const {
    Bounds bounds;
    for (const auto& [sequence, message] : stream_.messages) {
        if (message.number == 0 || sequence > seen_last_) continue;
        if (bounds.first == 0) bounds.first = message.number;
        bounds.last = message.number;
    }
    return bounds;
}

Result<queue::SharedLog::Bounds> SimSharedLog::look() {
    if (is_away()) return fail(Errc::unavailable, "nobody answers for the stream");
    is_fenced_ = true;
    seen_last_ = stream_.last;
    return bounds();
}

Result<queue::SharedLog::Bounds> SimSharedLog::take_over() {
    if (is_away()) return fail(Errc::unavailable, "nobody answers for the stream");
    const auto stale = world_.chance.between(20, 200);
    seen_last_ = stream_.last;
    if (world_.mistake == Mistake::opens_early) {
        while (stream_.messages.contains(seen_last_) &&
               world_.agenda.now() - stream_.messages.at(seen_last_).at < stale) {
            --seen_last_;
        }
    }
    expected_ = stream_.add({.at = world_.agenda.now()});
    is_fenced_ = false;
    return bounds();
}

Result<void> SimSharedLog::read(std::uint64_t from, const Visit& visit) {
    if (is_away()) return fail(Errc::unavailable, "nobody answers for the stream");
    for (const auto& [sequence, message] : stream_.messages) {
        if (message.number < from || message.number == 0 || sequence > seen_last_) continue;
        BATON_TRY_VOID(visit(message.number, message.entry));
    }
    return {};
}

std::unexpected<Error> SimSharedLog::unknown() {
    return fail(Errc::storage_io, "it is not known whether the log has the last entry");
}

/// It can't be told whether the entry was stored: nothing more may be written until it is.
Result<void> SimSharedLog::lost_answer() {
    if (world_.mistake == Mistake::forgets_lost_answer) {
        return fail(Errc::storage_full, "no answer, so it was not written, was it?");
    }
    is_fenced_ = true;
    return unknown();
}

void SimSharedLog::store(std::uint64_t number, std::string_view entry) {
    expected_ =
        stream_.add({.number = number, .entry = std::string(entry), .at = world_.agenda.now()});
}

/// The request is still under way, and may arrive when nobody waits for its answer any more.
void SimSharedLog::store_later(std::uint64_t number, std::string_view entry) {
    auto& stream = stream_;
    auto& world = world_;
    world.agenda.after(world.chance.between(5, 3'000),
        [&stream, &world, number, expected = expected_, text = std::string(entry)] {
            if (stream.is_away || stream.last != expected) return;
            static_cast<void>(
                stream.add({.number = number, .entry = text, .at = world.agenda.now()}));
            world.note("a late entry was stored");
        });
}

Result<void> SimSharedLog::append(std::uint64_t number, std::string_view entry) {
    if (is_fenced_) return fail(Errc::storage_io, "another daemon writes the log");
    const bool is_calm = world_.is_calm;
    if (is_away()) {
        // It may have gone when the request was sent, or before: then that is known.
        if (world_.chance.one_in(2)) return fail(Errc::unavailable, "the stream has no leader");
        const bool was_sent = stream_.last == expected_ && world_.chance.one_in(4);
        if (was_sent) store(number, entry);
        return lost_answer();
    }
    if (!is_calm && world_.chance.one_in(400)) {
        if (world_.chance.one_in(2)) store_later(number, entry);
        return lost_answer();
    }
    if (stream_.last != expected_ && world_.mistake != Mistake::no_fencing) {
        is_fenced_ = true;
        return fail(Errc::storage_io, "another daemon writes the log");
    }
    if (world_.mistake == Mistake::loses_entries && world_.chance.one_in(50)) return {};
    store(number, entry);
    if (!is_calm && world_.chance.one_in(400)) return lost_answer();
    return {};
}

Result<void> SimSharedLog::release_before(std::uint64_t number) {
    if (is_away()) return fail(Errc::unavailable, "nobody answers for the stream");
    // Nobody fences this: it may come late.
    auto& stream = stream_;
    world_.agenda.after(world_.travel_time(), [&stream, number] {
        std::erase_if(stream.messages, [&](const auto& message) {
            return message.second.number < number && message.first < stream.last;
        });
    });
    return {};
}

}  // namespace baton::test

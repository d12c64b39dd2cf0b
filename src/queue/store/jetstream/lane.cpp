#include "queue/store/jetstream/lane.h"

#include <algorithm>

namespace baton::queue::jetstream {

Result<void> Lane::look(const Patience& patience) {
    is_ready_ = false;
    BATON_TRY(const auto state, link_.look(patience));
    return go_to_end(state, patience);
}

Result<bool> Lane::look_on(const Patience& patience) {
    const auto before = extent_.last;
    BATON_TRY(const auto state, link_.look(patience));
    BATON_TRY_VOID(read_on(state.last, patience));
    return extent_.last != before;
}

Result<std::uint64_t> Lane::first_number(const Patience& patience) {
    return jetstream::first_number(at(patience), extent_);
}

Result<std::uint64_t> Lane::place(std::uint64_t number, const Patience& patience) {
    while (true) {
        auto found = place_of(at(patience), extent_, number);
        if (found || found.error().code != Errc::not_found) return found;
        // What it looked at may have been purged meanwhile.
        const auto first = extent_.first;
        BATON_TRY(const auto state, link_.look(patience));
        see(state);
        if (extent_.first == first) return found;
    }
}

Result<void> Lane::enter(const Patience& patience) {
    is_ready_ = false;
    opened_ = 0;
    marks_.clear();
    // What was sent up to now, by whomever, goes to a subject that is not used any more.
    BATON_TRY_VOID(link_.leave_subject(patience));
    BATON_TRY(const auto state, link_.settle(patience));
    BATON_TRY_VOID(go_to_end(state, patience));
    BATON_TRY_VOID(close_open(patience));
    is_ready_ = true;
    return {};
}

Result<bool> Lane::open(std::uint64_t epoch, std::uint64_t needed, const Patience& patience) {
    const std::string name = jetstream_.unique_name();
    const StoredPart part{.epoch = epoch,
        .expected = extent_.last + 1,
        .number = rule_.whole(),
        .needed = needed,
        .data = name};
    is_ready_ = false;
    const auto before = extent_.last;
    const auto sent = send(part, patience);
    if (!sent) {
        if (!is_refusal(sent.error().code)) open_ = {part, name};
        return fail(sent.error());
    }
    if (rule_.epoch() != epoch || rule_.opener() != name) return false;
    if (extent_.last == before + 1) opened_ = extent_.last;
    is_ready_ = true;
    return true;
}

Result<bool> Lane::add(StoredPart part, const Patience& patience) {
    part.position = rule_.position() + 1;
    is_ready_ = false;
    auto counts = send(part, patience);
    if (counts) {
        is_ready_ = true;
        if (*counts) mark();
        added_ += part.data.size() + beside_data_max;
    } else if (!is_refusal(counts.error().code)) {
        open_ = {part, std::string(part.data)};
    } else {
        // After any other refusal it stands where it stood.
        is_ready_ = !may_pass(counts.error().code);
    }
    return counts;
}

Result<void> Lane::recover(const Patience& patience) {
    BATON_TRY(const auto state, link_.settle());
    see(state);
    BATON_TRY_VOID(read_on(state.last, patience));
    BATON_TRY_VOID(close_open(patience));
    is_ready_ = true;
    return {};
}

/// Stores what may be stored, unless something else stands in its place already.
Result<void> Lane::close_open(const Patience& patience) {
    const auto is_missing = [this](const StoredPart& part) {
        if (part.opens_epoch()) {
            return rule_.epoch() < part.epoch && part.expected == extent_.last + 1;
        }
        return rule_.epoch() == part.epoch && rule_.position() < part.position;
    };
    while (open_ && is_missing(open_->part)) {
        StoredPart part = open_->part;
        part.data = open_->data;
        BATON_TRY_VOID(send(part, patience));
    }
    open_.reset();
    return {};
}

/// Whether it counts.
Result<bool> Lane::send(StoredPart part, const Patience& patience) {
    part.expected = extent_.last + 1;
    BATON_TRY(const auto sequence, link_.publish(part));
    if (const auto read = go_to(sequence, part, patience); !read) {
        // It is stored: no error may say that it is not.
        const bool may_help = may_pass(read.error().code);
        return fail(may_help ? Errc::deadline_exceeded : read.error().code, read.error().detail);
    }
    const auto& last = rule_.last();
    return last.epoch == part.epoch && last.position == part.position &&
           last.number == part.number && last.index == part.index;
}

void Lane::see(const nats::StreamState& state) {
    bytes_ = state.bytes;
    leader_ = state.leader;
    is_caught_up_ = state.is_caught_up;
    extent_.first = std::max(extent_.first, state.first);
    if (extent_.first >= asked_.sequence) purged_ = std::max(purged_, asked_.needed);
}

Result<void> Lane::refresh() {
    const auto state = link_.state();
    if (!state) return fail(state.error());
    see(*state);
    return {};
}

Result<void> Lane::ask_to_purge(std::uint64_t needed, const Patience& patience) {
    // Servers that have lost their leader were seen not to purge for long, and nothing can be added
    // meanwhile.
    BATON_TRY_VOID(jetstream_.find_leader());
    // Where nothing is needed, what came before our epoch is not either: its beginning says so.
    std::uint64_t sequence = rule_.whole() < needed ? opened_ : 0;
    if (sequence == 0 || !marks_.empty()) {
        BATON_TRY(const auto found, purge_place(std::min(needed, rule_.whole()), patience));
        sequence = std::max(sequence, found);
    }
    // What was asked before may have been lost.
    sequence = std::max(sequence, asked_.sequence);
    if (sequence > extent_.first) {
        BATON_TRY_VOID(jetstream_.ask_to_purge(config_.stream, sequence));
        asked_ = {needed, sequence};
    } else {
        purged_ = std::max(purged_, needed);
    }
    return {};
}

/// A reading may begin at a message that certainly counts, and only there.
void Lane::mark() {
    const StoredPart& part = rule_.last();
    if (!part.begins_entry() || !is_certain(part, extent_.last)) return;
    const Mark last{.number = part.number, .sequence = extent_.last, .bytes = added_};
    const auto count = marks_.size();
    const bool is_apart = count < 2 || last.bytes - marks_[count - 2].bytes >= config_.purge_step;
    if (!is_apart) marks_.pop_back();
    marks_.push_back(last);
}

/// Searching means to get messages, and they may be large.
Result<std::uint64_t> Lane::purge_place(std::uint64_t number, const Patience& patience) {
    while (marks_.size() > 1 && marks_[1].number <= number) marks_.pop_front();
    if (!marks_.empty() && marks_.front().number <= number) return marks_.front().sequence;
    return place(number, patience);
}

Result<void> Lane::purge(std::uint64_t needed, const Patience& patience) {
    while (true) {
        const auto asked = ask_to_purge(needed, patience);
        const auto looked = refresh();
        if (purged_ >= needed) return {};
        if (!asked) return asked;
        if (!looked && !may_pass(looked.error().code)) return looked;
        if (!patience.pause()) return fail(Errc::unavailable, "it is not purged yet");
    }
}

Result<void> Lane::go_to_end(const nats::StreamState& state, const Patience& patience) {
    extent_ = {std::max<std::uint64_t>(state.first, 1), state.last};
    see(state);
    BATON_TRY(rule_, rule_at_end(at(patience), extent_));
    return {};
}

/// Reads on up to `sequence`, at which `part` was stored. Mostly that is the next one.
Result<void> Lane::go_to(std::uint64_t sequence, const StoredPart& part, const Patience& patience) {
    if (sequence != extent_.last + 1) return read_on(sequence, patience);
    BATON_TRY_VOID(rule_.add(part, sequence));
    extent_.last = sequence;
    return {};
}

Result<void> Lane::read_on(std::uint64_t sequence, const Patience& patience) {
    while (extent_.last < sequence) {
        BATON_TRY(const auto part, link_.part_at(extent_.last + 1, patience));
        BATON_TRY_VOID(rule_.add(part, extent_.last + 1));
        ++extent_.last;
    }
    return {};
}

PartAt Lane::at(const Patience& patience) {
    return [this, &patience](std::uint64_t sequence) { return link_.part_at(sequence, patience); };
}

}  // namespace baton::queue::jetstream

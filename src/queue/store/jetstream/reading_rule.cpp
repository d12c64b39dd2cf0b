#include "queue/store/jetstream/reading_rule.h"

#include <algorithm>

#include <fmt/core.h>

namespace baton::queue::jetstream {
namespace {

std::unexpected<Error> missing(std::uint64_t sequence, const std::string& what) {
    return fail(Errc::storage_corrupt, fmt::format("message {} of the stream: {}", sequence, what));
}

}  // namespace

Result<bool> ReadingRule::add(const StoredPart& part, std::uint64_t sequence) {
    if (last_.epoch == 0) {
        take(part);
        return true;
    }
    if (part.opens_epoch()) {
        if (part.epoch <= last_.epoch) return false;
        // Its writer had read all that stands before it, or it would stand elsewhere.
        const bool can_compare = whole_ != 0 && part.number != 0;
        if (is_certain(part, sequence) && can_compare && part.number != whole_) {
            return missing(sequence,
                fmt::format("who wrote it knew entry {}, and {} is the last", part.number, whole_));
        }
        const auto whole = whole_ == 0 && is_certain(part, sequence) ? part.number : whole_;
        take({.epoch = part.epoch, .number = whole, .needed = part.needed, .data = part.data});
        return true;
    }
    if (part.epoch > last_.epoch) {
        return missing(sequence, fmt::format("nothing opens its epoch {}", part.epoch));
    }
    if (part.epoch < last_.epoch || part.position <= last_.position) return false;
    if (part.position != last_.position + 1) {
        return missing(sequence, fmt::format("it is part {} of epoch {}, where {} belongs",
                                     part.position, part.epoch, last_.position + 1));
    }
    if (part.begins_entry() && part.number <= whole_) {
        return missing(
            sequence, fmt::format("it is of entry {}, and {} came before it", part.number, whole_));
    }
    const bool goes_on = part.number == last_.number && part.index == last_.index + 1 &&
                         part.count == last_.count && !last_.opens_epoch();
    if (!part.begins_entry() && !goes_on) {
        return missing(sequence, fmt::format("it is in the middle of entry {}", part.number));
    }
    take(part);
    return true;
}

void ReadingRule::take(const StoredPart& part) {
    if (part.opens_epoch()) opener_ = part.data;
    if (part.opens_epoch() || part.ends_entry()) whole_ = part.number;
    needed_ = std::max(needed_, part.needed);
    last_ = part;
    last_.data = {};
}

}  // namespace baton::queue::jetstream

#include "queue/store/jetstream/stream_search.h"

namespace baton::queue::jetstream {

Result<ReadingRule> rule_at_end(const PartAt& at, Extent extent) {
    ReadingRule rule;
    std::uint64_t sequence = extent.last;
    while (sequence > extent.first) {
        BATON_TRY(const auto part, at(sequence));
        const bool says_what_is_whole = part.opens_epoch() || part.ends_entry();
        if (says_what_is_whole && is_certain(part, sequence)) break;
        --sequence;
    }
    for (; sequence >= extent.first && sequence <= extent.last; ++sequence) {
        BATON_TRY(const auto part, at(sequence));
        BATON_TRY_VOID(rule.add(part, sequence));
    }
    return rule;
}

Result<std::uint64_t> first_number(const PartAt& at, Extent extent) {
    ReadingRule rule;
    for (auto sequence = extent.first; sequence <= extent.last; ++sequence) {
        BATON_TRY(const auto part, at(sequence));
        BATON_TRY(const bool counts, rule.add(part, sequence));
        if (counts && part.begins_entry()) return part.number;
    }
    return 0;
}

Result<std::uint64_t> place_of(const PartAt& at, Extent extent, std::uint64_t number) {
    // Numbers of what certainly counts ascend along the stream, so halves are taken.
    std::uint64_t found = extent.first;
    std::uint64_t low = extent.first;
    std::uint64_t end = extent.last + 1;
    while (low < end) {
        const std::uint64_t middle = low + (end - low) / 2;
        std::uint64_t sequence = middle;
        StoredPart part;
        for (; sequence < end; ++sequence) {
            BATON_TRY(part, at(sequence));
            if (part.begins_entry() && is_certain(part, sequence)) break;
        }
        if (sequence == end || part.number > number) {
            end = middle;
        } else {
            found = sequence;
            low = sequence + 1;
        }
    }
    return found;
}

}  // namespace baton::queue::jetstream

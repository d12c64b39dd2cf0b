// Where things stand in a stream, without reading all of it.
#pragma once

#include <cstdint>
#include <functional>

#include "base/result.h"
#include "queue/store/jetstream/reading_rule.h"
#include "queue/store/jetstream/stored_part.h"

namespace baton::queue::jetstream {

/// The message of a sequence, without its data but for the name of who opens an epoch. That name
/// holds until the next call.
using PartAt = std::function<Result<StoredPart>(std::uint64_t sequence)>;

/// Sequences of a stream's first and last message; the first one counts.
struct Extent {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

/// What the rule says behind the last message. Looks back until a message certainly counts and says
/// which entry is the last whole one.
[[nodiscard]] Result<ReadingRule> rule_at_end(const PartAt& at, Extent extent);

/// Number of the first entry that begins; 0: none does.
[[nodiscard]] Result<std::uint64_t> first_number(const PartAt& at, Extent extent);

/// Where an entry begins: the last place of which it is certain that no later entry than `number`
/// begins there and that it counts; the stream's first message if there is none.
[[nodiscard]] Result<std::uint64_t> place_of(const PartAt& at, Extent extent, std::uint64_t number);

}  // namespace baton::queue::jetstream

// The entries of one lane, in order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "nats/jetstream.h"
#include "queue/store/jetstream/reading_rule.h"
#include "queue/store/jetstream/stream_search.h"

namespace baton::queue::jetstream {

/// Stands at an entry once `next` has found one. Use from one thread.
class LaneReader {
public:
    /// From the message `extent.first`, which counts, to `extent.last`. `patience`: for a message.
    LaneReader(std::unique_ptr<nats::StreamReader> messages, Extent extent, Duration patience)
        : messages_(std::move(messages)), extent_(extent), patience_(patience) {}

    /// Goes to the next whole entry whose number is `from` or higher; false: there is none.
    /// Fails: storage_corrupt, unavailable, deadline_exceeded.
    [[nodiscard]] Result<bool> next(std::uint64_t from);

    [[nodiscard]] std::uint64_t number() const noexcept { return number_; }
    /// Holds until the next call.
    [[nodiscard]] std::string_view entry() const noexcept { return entry_; }

private:
    std::unique_ptr<nats::StreamReader> messages_;
    Extent extent_;  ///< of what is still to be read
    Duration patience_;
    ReadingRule rule_;
    std::unique_ptr<nats::Message> message_;
    std::string joined_;  ///< parts so far, of an entry that has several
    std::uint64_t number_ = 0;
    std::string_view entry_;
};

}  // namespace baton::queue::jetstream

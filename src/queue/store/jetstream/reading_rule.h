// Which messages of a stream count. Writers and readers both decide by it and by nothing else: the
// server takes whatever it is sent, from whomever, however often.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "queue/store/jetstream/stored_part.h"

namespace baton::queue::jetstream {

/// Whether a message counts depends on what stands before it, and never on what comes later:
/// - one that opens an epoch counts if its epoch is higher than any before;
/// - a part counts if it is of the highest epoch so far and the next of it by position.
/// All others are passed over: of deposed writers, or second copies of what counts already. Numbers
/// of entries ascend; those left out stand in the log's other stream.
///
/// So who has read everything up to a message knows for good whether it counts. A writer that sees
/// its part count has it in every later reading, and whoever opens an epoch behind it has read it.
class ReadingRule {
public:
    /// The next message of the stream, or the first one, which counts always. Returns whether it
    /// counts. Fails: storage_corrupt (something is missing before it).
    [[nodiscard]] Result<bool> add(const StoredPart& part, std::uint64_t sequence);

    [[nodiscard]] std::uint64_t epoch() const noexcept { return last_.epoch; }
    /// Of the last part that counts; 0: none of its epoch does.
    [[nodiscard]] std::uint64_t position() const noexcept { return last_.position; }
    /// Of the last message that counts; without data.
    [[nodiscard]] const StoredPart& last() const noexcept { return last_; }
    /// Number of the last entry that is whole; 0: there is none, or it is not known, because the
    /// reading began in the middle of one that never became whole.
    [[nodiscard]] std::uint64_t whole() const noexcept { return whole_; }
    /// Entries before this number are no longer needed; 0: nobody said so.
    [[nodiscard]] std::uint64_t needed() const noexcept { return needed_; }
    /// The name with which the epoch was opened. Empty: that was before the first message read.
    [[nodiscard]] const std::string& opener() const noexcept { return opener_; }

private:
    void take(const StoredPart& part);

    StoredPart last_;  ///< that counts; without data
    std::uint64_t whole_ = 0;
    std::uint64_t needed_ = 0;
    std::string opener_;
};

/// Whether the message certainly counts, wherever the reading began: its writer knew all before it.
[[nodiscard]] inline bool is_certain(const StoredPart& part, std::uint64_t sequence) noexcept {
    return part.expected == sequence;
}

}  // namespace baton::queue::jetstream

// How much of a log's size is in use.
#pragma once

#include <cstdint>
#include <deque>

namespace baton::queue::jetstream {

/// Adds up the entries that are needed. What a stream holds beside them, because nobody could purge
/// it yet, does not count: a server that is away would fill the log with what is gone. Use from one
/// thread.
class LogSize {
public:
    /// Counts in steps of `step` bytes (at least 1): an entry that goes makes room with the step it
    /// is in.
    explicit LogSize(std::uint64_t step) : step_(step) {}

    /// Begins anew with entries `first` to `last` that take `bytes` in all, one as much as another.
    void begin(std::uint64_t first, std::uint64_t last, std::uint64_t bytes);
    /// One more, whose number is higher than any before.
    void add(std::uint64_t number, std::uint64_t bytes);
    /// Entries before `number` are not needed.
    void release_before(std::uint64_t number);

    [[nodiscard]] std::uint64_t bytes() const noexcept { return end_ - begin_; }

private:
    /// Where an entry begins, in bytes from some beginning.
    struct Mark {
        std::uint64_t number = 0;
        std::uint64_t at = 0;
    };

    std::uint64_t step_;
    std::deque<Mark> marks_;  ///< ascending, at least a step apart
    std::uint64_t begin_ = 0;
    std::uint64_t end_ = 0;
};

}  // namespace baton::queue::jetstream

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
    /// Of a log of `limit` bytes; -1: there is none.
    explicit LogSize(std::int64_t limit) noexcept;

    /// Begins anew with entries `first` to `last` that take `bytes` in all, one as much as another.
    void begin(std::uint64_t first, std::uint64_t last, std::uint64_t bytes);
    /// One more, whose number is higher than any before.
    void add(std::uint64_t number, std::uint64_t bytes);
    /// All that is needed takes `bytes`, whatever was thought of it.
    void correct(std::uint64_t bytes) noexcept;
    /// Entries before `number` are not needed.
    void release_before(std::uint64_t number);

    [[nodiscard]] std::uint64_t bytes() const noexcept {
        return static_cast<std::uint64_t>(end_ - begin_);
    }
    /// Bytes that may be added while what makes room, acks and what compaction moves, still can be.
    [[nodiscard]] std::uint64_t room() const noexcept;
    [[nodiscard]] bool holds(std::uint64_t more) const noexcept;

private:
    /// Where an entry begins, in bytes from some beginning.
    struct Mark {
        std::uint64_t number = 0;
        std::int64_t at = 0;
    };

    std::uint64_t limit_;
    std::int64_t step_;  ///< an entry that goes makes room with the step of bytes that it is in
    std::deque<Mark> marks_;  ///< ascending, at least a step apart
    std::int64_t begin_ = 0;
    std::int64_t end_ = 0;
};

}  // namespace baton::queue::jetstream

// How much one answer with several messages, events, steps or rows may carry: what a client asks
// for must not decide how much memory it gets.
#pragma once

#include <algorithm>
#include <cstdint>

namespace baton {

/// The one rule for all of them, and what others know as fetch.max.bytes (Kafka) or max_bytes
/// (NATS): the answer ends before the item that would pass `bytes_max`, and one item always comes,
/// whatever it weighs, so that a large one blocks nobody. Who goes on begins with the item that was
/// refused. Counts what items say (content, headers, metadata, reasons), not how a protocol writes
/// it. A value; not thread-safe.
class AnswerBudget final {
public:
    static constexpr std::uint64_t bytes_max = 4 * 1024 * 1024;

    /// Whether an item of this size may come next. After a no the answer has ended.
    [[nodiscard]] bool holds(std::uint64_t bytes) const noexcept {
        return is_empty_ || bytes <= left_;
    }
    /// Counts an item, whether it `holds` or not.
    void add(std::uint64_t bytes) noexcept {
        left_ -= std::min(bytes, left_);
        is_empty_ = false;
    }
    /// Both: whether it came in.
    [[nodiscard]] bool take(std::uint64_t bytes) noexcept {
        if (!holds(bytes)) return false;
        add(bytes);
        return true;
    }
    /// Nothing has come in.
    [[nodiscard]] bool is_empty() const noexcept { return is_empty_; }

private:
    std::uint64_t left_ = bytes_max;
    bool is_empty_ = true;
};

}  // namespace baton

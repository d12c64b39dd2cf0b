// What clients of a queue did and saw, and whether a queue that keeps its promises can have let
// them.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace baton::test {

/// How a call ended, as its caller knows.
enum class Outcome : std::uint8_t {
    done,
    refused,  ///< certainly not done
    unknown,  ///< no answer, or one that says that nobody knows
};

using HistoryTime = std::chrono::steady_clock::time_point;

/// When a call was made and when its answer was there.
struct CallTime {
    HistoryTime begin{};
    HistoryTime end{};
};

/// Message `number` was posted. Numbers are the test's own and stand in the content.
struct PostEvent {
    std::uint64_t number = 0;
    std::string key;  ///< ordering key; empty: none
    Outcome outcome = Outcome::done;
    std::string id;  ///< when done
    CallTime at;
};

/// A pop handed message `number` out.
struct DeliveryEvent {
    std::uint64_t number = 0;
    std::string id;
    std::string receipt;
    CallTime at;                         ///< of the pop
    std::chrono::milliseconds lease{0};  ///< that was asked for
};

/// A receipt was acked.
struct AckEvent {
    std::string receipt;
    Outcome outcome = Outcome::done;  ///< refused: the lease was lost
    CallTime at;
};

/// Written by many threads; read when all have ended.
class History {
public:
    void add(PostEvent event);
    void add(DeliveryEvent event);
    void add(AckEvent event);

    /// What cannot have happened, a line each; empty: every promise was kept. `is_drained`: the
    /// queue was empty at the end, so what was accepted must have been acked. Checked:
    /// - each message that was accepted was delivered, and acked once;
    /// - a post that was refused left nothing, one of unknown outcome at most one message;
    /// - nothing is delivered by a pop that began after its ack was answered;
    /// - while a lease runs that was not settled nobody else gets the message, and of two
    /// deliveries
    ///   only the later one can be acked;
    /// - of one ordering key a message is delivered only when those posted before it were acked, or
    ///   may have been.
    [[nodiscard]] std::vector<std::string> breaches(bool is_drained) const;

    struct Counts {
        std::size_t posts_done = 0;
        std::size_t posts_unknown = 0;
        std::size_t posts_refused = 0;
        std::size_t deliveries = 0;
        std::size_t acks_done = 0;
        std::size_t acks_unknown = 0;
    };
    [[nodiscard]] Counts counts() const;
    /// The longest time in which no post was accepted, between the first and the last.
    [[nodiscard]] std::chrono::milliseconds longest_gap() const;
    /// When the first post was accepted that began after `moment`.
    [[nodiscard]] std::optional<HistoryTime> first_post_after(HistoryTime moment) const;

private:
    mutable std::mutex mutex_;
    std::vector<PostEvent> posts_;
    std::vector<DeliveryEvent> deliveries_;
    std::vector<AckEvent> acks_;
};

}  // namespace baton::test

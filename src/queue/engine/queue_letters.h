// Dead letters that a queue hands over to others, or takes from them. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "queue/engine/queue_state.h"
#include "queue/letters.h"

namespace baton::queue {

/// A view: make it where it is used.
class QueueLetters {
public:
    explicit QueueLetters(QueueState& queue) : queue_(queue) {}

    /// As LetterMover, without the data of letters whose contents are in the store.
    Result<LetterPage> find(
        const RedriveRequest& request, std::uint64_t after_seq, std::size_t max, TimePoint now);
    Result<std::uint64_t> take(const LetterDelivery& delivery, TimePoint now);
    std::uint64_t drop(const std::vector<MessageId>& letters, TimePoint now);

    /// What was taken is remembered as a dedup key of a message that has gone: whether this is one.
    [[nodiscard]] static bool is_memory(std::string_view key) noexcept;
    void recover(std::uint64_t seq, std::string key, TimePoint until);

private:
    void remember(std::string key, TimePoint now);

    QueueState& queue_;
};

}  // namespace baton::queue

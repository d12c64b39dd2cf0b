// How many bytes of a store what is added may take: an upper bound that is cheap to tell.
#pragma once

#include <cstdint>
#include <span>
#include <variant>

#include "model/message.h"
#include "queue/engine/record.h"

namespace baton::queue {

/// Of one record beside its texts: its head, numbers, times and the lengths of its texts.
inline constexpr std::uint64_t record_growth = 160;

[[nodiscard]] inline std::uint64_t growth_of(const MessageData& data) noexcept {
    std::uint64_t bytes = record_growth + data.content.size() + data.ordering_key.size() +
                          data.fairness_key.size() + 2 * data.dedup_key.size() +
                          data.metadata.size();
    for (const auto& header : data.headers) bytes += 16 + header.name.size() + header.value.size();
    return bytes;
}
[[nodiscard]] inline std::uint64_t growth_of(const Reply& reply) noexcept {
    return record_growth + reply.metadata.size() + reply.result.size();
}
/// Of the events of one append.
[[nodiscard]] inline std::uint64_t growth_of(std::span<const Bytes> events) noexcept {
    std::uint64_t bytes = record_growth;
    for (const auto& event : events) bytes += 32 + event.size();
    return bytes;
}
/// Of a new queue: its configuration as text is a few hundred bytes and its weights.
[[nodiscard]] inline std::uint64_t growth_of(const QueueInfo& info) noexcept {
    std::uint64_t bytes = 4'096 + info.name.text.size() + info.owner.text.size();
    for (const auto& [key, weight] : info.config.fairness_weights) bytes += 16 + 6 * key.size();
    return bytes;
}

/// What a record adds that only finishing, expiry or deletion takes away again; 0 for one that
/// changes or removes what is there.
[[nodiscard]] inline std::uint64_t growth_of(const Record& record) noexcept {
    if (const auto* posted = std::get_if<MessagePosted>(&record)) return growth_of(*posted->data);
    if (const auto* stored = std::get_if<ReplyStored>(&record)) return growth_of(*stored->reply);
    if (const auto* appended = std::get_if<OutputAppended>(&record)) {
        return growth_of(std::span<const Bytes>(appended->events));
    }
    return 0;
}

}  // namespace baton::queue

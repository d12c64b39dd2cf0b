// Records of the engine as payloads of the journal, and back. Reading trusts nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "queue/engine/record.h"
#include "queue/engine/store.h"
#include "queue/store/journal/format.h"

namespace baton::queue::journal {

/// What the index needs to know about a record.
struct Mark {
    RecordType type{};
    Locator at{};                ///< seq 0: the record is about the queue
    std::uint64_t next_seq = 0;  ///< queue_put
    TimePoint until{};  ///< posted, dedup_kept: end of the dedup key; reply, output, retention: end
    TimePoint seen_at{};           ///< posted: a time that has come
    MessageState state{};          ///< delivery_changed
    std::uint32_t dedup_size = 0;  ///< bytes of a dedup_kept record with the same key
    std::uint64_t first = 0;       ///< output_appended: offset of its first event
    std::uint32_t events = 0;      ///< output_appended
    std::uint64_t bytes = 0;       ///< reply_stored: of the result; output_appended: of the events
    std::uint64_t committed = 0;   ///< cursor_moved
    std::string_view subscription{};  ///< of a cursor; into the payload
    KeyKind kind{};                   ///< key_paused
    bool paused = false;              ///< key_paused
    std::string_view name{};          ///< the key, the owner of a quota; into the payload
    std::uint64_t limit = 0;          ///< quota_set
};

/// Appends `record` to the buffer, its checksum missing. `next_seq`: of the queue of a QueuePut.
void encode_record(const Record& record, std::uint64_t next_seq, Buffer& buffer);

/// Fails: storage_corrupt; conflict (a type of a newer version).
[[nodiscard]] Result<Mark> mark_of(RecordType type, std::string_view payload);

struct StoredQueue {
    QueuePut put;
    std::uint64_t next_seq = 0;
};
struct StoredDedup {
    Locator first;
    std::string_view key;  ///< into the payload
    TimePoint until{};
};

// Each takes the payload of its type. Fails: storage_corrupt.
[[nodiscard]] Result<StoredQueue> queue_of(std::string_view payload);
[[nodiscard]] Result<RecoveredMessage> recovered_of(std::string_view payload);
[[nodiscard]] Result<std::shared_ptr<const MessageData>> message_of(std::string_view payload);
[[nodiscard]] Result<Delivery> delivery_of(std::string_view payload);
[[nodiscard]] Result<std::shared_ptr<const Reply>> reply_of(std::string_view payload);
/// Of message_posted (until 0: it had none) or dedup_kept.
[[nodiscard]] Result<StoredDedup> dedup_of(RecordType type, std::string_view payload);

// For compaction: what a live record becomes at its new place.
/// The post without a dedup key that has ended.
void encode_moved_post(std::string_view payload, TimePoint horizon, Buffer& buffer);
void encode_dedup(const StoredDedup& dedup, Buffer& buffer);
/// Fails: storage_corrupt.
[[nodiscard]] Result<void> encode_moved_queue(
    std::string_view payload, std::uint64_t next_seq, Buffer& buffer);
void encode_copy(RecordType type, std::string_view payload, Buffer& buffer);

}  // namespace baton::queue::journal

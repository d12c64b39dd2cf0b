// Entries of a shared log as messages of a stream. docs/formats/jetstream.md is this in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nats/jetstream.h"

namespace baton::queue::jetstream {

/// One message: a part of an entry, or (`count` 0) someone taking over.
struct StoredPart {
    std::uint64_t epoch = 0;   ///< of who wrote it: the sequence of its taking over
    std::uint64_t number = 0;  ///< of the entry
    std::uint32_t index = 0;   ///< 0 … count - 1
    std::uint32_t count = 0;
    std::string_view data{};
};

/// Of a message that is to stand behind `last`: two have the same id only if they are two tries to
/// write the same.
[[nodiscard]] std::string id_of(const StoredPart& part, std::uint64_t last);
[[nodiscard]] nats::Headers headers_of(const StoredPart& part);
[[nodiscard]] nats::Headers take_over_headers();

/// `data` points into the message. Fails: storage_corrupt (it is none of ours).
[[nodiscard]] Result<StoredPart> part_of(const nats::Message& message);

/// Puts entries together. Parts of one entry follow each other; an entry whose writer ended in the
/// middle of it never was.
class EntryReader {
public:
    /// The entry that `part` completes; holds until the next call, and as long as the part's data.
    [[nodiscard]] std::optional<std::string_view> add(const StoredPart& part);

private:
    StoredPart last_;
    std::string joined_;
};

}  // namespace baton::queue::jetstream

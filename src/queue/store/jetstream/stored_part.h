// Entries of a shared log as messages of a stream. docs/formats/jetstream.md is this in words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nats/jetstream.h"

namespace baton::queue::jetstream {

/// What the headers of a message may take of its size.
constexpr std::size_t headers_size_max = 512;
/// What a message takes in a stream beside its data: subject, headers, and the server's own 34.
constexpr std::size_t beside_data_max = 160;

/// One message: a part of an entry, or (`position` 0) the beginning of an epoch.
struct StoredPart {
    std::uint64_t epoch = 0;     ///< of who wrote it
    std::uint64_t position = 0;  ///< the how manieth part of its epoch
    std::uint64_t expected = 0;  ///< the sequence that its writer expected it to have
    /// Of the entry. Where an epoch begins: of the last whole entry that its writer knew; 0: none.
    std::uint64_t number = 0;
    std::uint32_t index = 0;  ///< 0 … count - 1
    std::uint32_t count = 0;
    std::uint64_t needed = 0;  ///< entries before this number are not; 0: nobody has said so yet
    /// Where an epoch begins: a name that only this try to begin one has.
    std::string_view data{};

    [[nodiscard]] bool opens_epoch() const noexcept { return position == 0; }
    [[nodiscard]] bool begins_entry() const noexcept { return position > 0 && index == 0; }
    [[nodiscard]] bool ends_entry() const noexcept { return position > 0 && index + 1 == count; }
};

[[nodiscard]] nats::Headers headers_of(const StoredPart& part);

/// `data` points into the message. Fails: storage_corrupt (it is none of ours).
[[nodiscard]] Result<StoredPart> part_of(const nats::Message& message);

}  // namespace baton::queue::jetstream

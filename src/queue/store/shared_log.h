// The shared log port: entries in one order that outlive any machine, with one writer at a time. A
// journal that stands on one keeps its own files as a copy.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/result.h"

namespace baton::queue {

/// All methods block; use from one thread at a time. Errors everywhere: storage_io, which is final:
/// another writer has taken over, or it is not known what was written. Nothing can be appended
/// until the next `take_over`.
class SharedLog {
public:
    /// Numbers of the entries that are there. None: `last` is 0.
    struct Bounds {
        std::uint64_t first = 0;
        std::uint64_t last = 0;
    };
    /// Its first error ends the reading.
    using Visit = std::function<Result<void>(std::uint64_t number, std::string_view entry)>;

    virtual ~SharedLog() = default;

    /// What is there, while another one may write: nothing is taken over. `read` gives that much
    /// then. Fails also: unavailable, not_found (there is no log yet), storage_corrupt.
    [[nodiscard]] virtual Result<Bounds> look() = 0;

    /// Makes this the only writer: no append of another one that is not done by now ever will be.
    /// The bounds stay until the next append. Fails also: unavailable, storage_corrupt,
    /// storage_full, permission_denied, not_found.
    [[nodiscard]] virtual Result<Bounds> take_over() = 0;

    /// The entries from `from` to the last, in order. Fails also: unavailable, storage_corrupt (one
    /// is missing or no entry).
    [[nodiscard]] virtual Result<void> read(std::uint64_t from, const Visit& visit) = 0;

    /// Bytes of entries that may be added while what makes room still can be.
    [[nodiscard]] virtual std::uint64_t room() const = 0;

    /// Adds entry `number`, one more than the last; the first is 1. On return it is as
    /// durable as the log can make it. Fails also: storage_full, unavailable, message_too_large,
    /// permission_denied, not_found (all: not added).
    [[nodiscard]] virtual Result<void> append(std::uint64_t number, std::string_view entry) = 0;

    /// Entries before `number` are no longer needed. They may stay for a while, and make room after
    /// the next append at the earliest. Fails also: unavailable.
    [[nodiscard]] virtual Result<void> release_before(std::uint64_t number) = 0;
};

}  // namespace baton::queue

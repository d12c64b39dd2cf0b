// A shared log whose entries are stored as frames of Zstandard (RFC 8878).
#pragma once

#include <cstddef>
#include <memory>

#include "queue/store/shared_log.h"

namespace baton::queue {

/// Bytes of an entry of a compressed log, at most; far above any batch.
constexpr std::size_t compressed_entry_max = std::size_t{2} * 1024 * 1024 * 1024;

/// Puts what is appended into `log` as one frame, and gives what is read as it was appended. An
/// entry of `log` that is no frame is given as it is: it is older than the compression. What `log`
/// says of room is about frames: what does not get smaller takes a few bytes more than it has.
/// Fails also: message_too_large (an entry above `compressed_entry_max`), storage_corrupt (what
/// cannot be read as one frame). Whether an entry is what it was is its reader's to check: a frame
/// has no checksum of it.
[[nodiscard]] std::unique_ptr<SharedLog> make_compressed_log(std::unique_ptr<SharedLog> log);

}  // namespace baton::queue

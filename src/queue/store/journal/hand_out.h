// Giving the engine what a journal holds.
#pragma once

#include "base/result.h"
#include "queue/engine/store.h"
#include "queue/store/journal/live_index.h"
#include "queue/store/journal/replay.h"

namespace baton::queue::journal {

/// Replays the journal into an empty index, then tells `sink` what is alive. Memory beside the
/// index: the dedup keys, for the time of the call. Fails: storage_corrupt, conflict, what reading
/// fails with.
[[nodiscard]] Result<void> recover_index(
    const Segments& segments, LiveIndex& index, RecoverySink& sink);

}  // namespace baton::queue::journal

// A store in memory: for queues that may go with the process, and for tests of everything above it.
#pragma once

#include <memory>

#include "queue/engine/store.h"

namespace baton::queue {

/// What a memory store keeps. Held by a test, it outlives the store as a disk outlives a process.
class MemoryDisk;
[[nodiscard]] std::shared_ptr<MemoryDisk> make_memory_disk();

/// Commits never fail. Recovers what `disk` holds.
[[nodiscard]] std::unique_ptr<Store> make_memory_store(
    std::shared_ptr<MemoryDisk> disk = make_memory_disk());

}  // namespace baton::queue

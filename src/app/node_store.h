// The queue store of one node, in its data folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

#include "app/config.h"
#include "base/result.h"
#include "db/database.h"
#include "queue/engine/store.h"

namespace baton::app {

/// A store, and the database under it when it has one.
struct NodeStore {
    std::unique_ptr<db::Database> database{};
    std::unique_ptr<queue::Store> store{};
};

/// `kind` is not jetstream. `segment_size` in bytes, of a journal's new segments.
/// Fails: what opening the store fails with; storage_corrupt when it is lost as a whole.
[[nodiscard]] Result<NodeStore> open_node_store(
    StoreKind kind, const std::filesystem::path& data_dir, std::uint64_t segment_size);

/// To be said when something was committed to a store that is open: from then on its loss is
/// noticed. Fails: data_dir_unusable.
[[nodiscard]] Result<void> remember_node_store(
    StoreKind kind, const std::filesystem::path& data_dir);

}  // namespace baton::app

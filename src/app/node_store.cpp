#include "app/node_store.h"

#include "app/kept_stores.h"
#include "db/sqlite/sqlite_database.h"
#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"

namespace baton::app {
namespace {

std::filesystem::path place_of(StoreKind kind, const std::filesystem::path& data_dir) {
    return data_dir / (kind == StoreKind::journal ? "journal" : "queue.db");
}

}  // namespace

Result<NodeStore> open_node_store(
    StoreKind kind, const std::filesystem::path& data_dir, std::uint64_t segment_size) {
    NodeStore opened;
    if (kind == StoreKind::memory) {
        opened.store = queue::make_memory_store();
        return opened;
    }
    const auto place = place_of(kind, data_dir);
    BATON_TRY_VOID(check_kept(place));
    if (kind == StoreKind::journal) {
        BATON_TRY(opened.store, queue::make_journal_store(place, {.segment_size = segment_size}));
    } else {
        // Rows are read back only when memory runs out: a small page cache is enough.
        opened.database = db::make_sqlite_database({.file = place});
        BATON_TRY(opened.store, queue::make_sqlite_store(*opened.database));
    }
    BATON_TRY_VOID(remember_kept(place));
    return opened;
}

Result<void> remember_node_store(StoreKind kind, const std::filesystem::path& data_dir) {
    const bool has_place = kind == StoreKind::journal || kind == StoreKind::sqlite;
    return has_place ? remember_kept(place_of(kind, data_dir)) : Result<void>();
}

}  // namespace baton::app

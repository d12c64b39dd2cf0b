#include "app/node_store.h"

#include "app/kept_stores.h"
#include "db/sqlite/sqlite_database.h"
#include "queue/store/journal/journal_store.h"
#include "queue/store/memory/memory_store.h"
#include "queue/store/sqlite/sqlite_store.h"

namespace baton::app {

Result<NodeStore> open_node_store(
    StoreKind kind, const std::filesystem::path& data_dir, std::uint64_t segment_size) {
    NodeStore opened;
    if (kind == StoreKind::memory) {
        opened.store = queue::make_memory_store();
        return opened;
    }
    const bool is_journal = kind == StoreKind::journal;
    const auto place = data_dir / (is_journal ? "journal" : "queue.db");
    BATON_TRY_VOID(check_kept(place));
    if (is_journal) {
        BATON_TRY(opened.store, queue::make_journal_store(place, {.segment_size = segment_size}));
    } else {
        // Rows are read back only when memory runs out: a small page cache is enough.
        opened.database = db::make_sqlite_database({.file = place});
        BATON_TRY(opened.store, queue::make_sqlite_store(*opened.database));
    }
    BATON_TRY_VOID(remember_kept(place));
    return opened;
}

}  // namespace baton::app

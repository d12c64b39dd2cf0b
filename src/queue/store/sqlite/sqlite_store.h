// The default store: one SQLite file whose rows a person can read.
#pragma once

#include <memory>

#include "base/result.h"
#include "db/database.h"
#include "queue/engine/store.h"

namespace baton::queue {

/// Opens (and on first use lays out) the queue tables in `database`, which must be a file of its
/// own in WAL mode with synchronous=FULL, and must outlive the store. One commit is one transaction
/// and one fsync of the log. Messages are written once and deleted once; what changes about them is
/// a small row of its own (see README.md). Fails: what connecting fails with; conflict when the
/// file was written by a newer version.
[[nodiscard]] Result<std::unique_ptr<Store>> make_sqlite_store(db::Database& database);

}  // namespace baton::queue

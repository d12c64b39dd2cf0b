// The pool's records in the relational database (table `llm_pool`).
#pragma once

#include <memory>

#include "base/result.h"
#include "db/database.h"
#include "llm/pool_records.h"

namespace baton::llm {

/// Writes on a thread of its own. `database` must outlive it and have the current schema.
/// Fails: as connecting does.
[[nodiscard]] Result<std::unique_ptr<PoolRecords>> make_db_records(db::Database& database);

}  // namespace baton::llm

// The pool's records in the relational database (tables `llm_pool` and `llm_spending`).
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "db/database.h"
#include "llm/pool_records.h"

namespace baton::llm {

/// Writes on a thread of its own. `database` must outlive it and have the current schema; daemons
/// that share it share the money of a day. `spender`: of this run of this daemon, no other has it.
/// Fails: as connecting does.
[[nodiscard]] Result<std::unique_ptr<PoolRecords>> make_db_records(
    db::Database& database, std::string spender);

}  // namespace baton::llm

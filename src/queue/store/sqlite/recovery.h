// Reading the tables back at start.
#pragma once

#include "base/result.h"
#include "db/database.h"
#include "queue/engine/store.h"

namespace baton::queue {

/// Hands every row to `sink`. Fails: storage_corrupt naming the row, or what reading fails with.
[[nodiscard]] Result<void> recover_from(db::Connection& connection, RecoverySink& sink);

}  // namespace baton::queue

// Names of messages in the relational database (table `message_names`).
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "db/database.h"
#include "service/message_names.h"

namespace baton::service {

/// One thread writes, many writers in one transaction; another one reads. `database` and `clock`
/// must outlive it; the database must have the current schema. Fails: as connecting does.
[[nodiscard]] Result<std::unique_ptr<MessageNames>> make_db_names(
    db::Database& database, const Clock& clock);

}  // namespace baton::service

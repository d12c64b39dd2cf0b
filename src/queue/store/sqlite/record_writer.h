// Records as rows.
#pragma once

#include <cstdint>
#include <span>

#include "base/result.h"
#include "db/database.h"
#include "queue/engine/record.h"

namespace baton::queue {

/// Writes the records in their order, inside the caller's transaction. Returns by how much they
/// grow (growth.h). Fails: what writing fails with; part of it may be written then.
[[nodiscard]] Result<std::uint64_t> write_records(
    db::Connection& connection, std::span<const Record> records);

}  // namespace baton::queue

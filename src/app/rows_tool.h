// `batond migrate export` and `batond migrate import`: the rows of the relational database as a
// file, without a daemon.
#pragma once

#include "app/migrate_tool.h"

namespace baton::app {

/// Writes the archive to `options.file`, as a whole or not at all, or to standard output (`-`).
[[nodiscard]] Result<PrintAndExit> run_rows_export(const MigrateToolOptions& options);

/// Reads an archive from `options.file` or standard input (`-`), after bringing an empty database
/// to this program's schema. Nothing of it stays when anything fails.
[[nodiscard]] Result<PrintAndExit> run_rows_import(const MigrateToolOptions& options);

}  // namespace baton::app

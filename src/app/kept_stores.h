// Tells a store that was lost as a whole from one that never was: an empty file `<store>-kept`
// beside it says that something was kept there once.
#pragma once

#include <filesystem>

#include "base/result.h"

namespace baton::app {

/// To be asked before `store` (a database file or a journal's folder) is opened, which would make
/// an empty one. Fails: storage_corrupt when it was kept and is missing or empty.
[[nodiscard]] Result<void> check_kept(const std::filesystem::path& store);

/// To be said once `store` is open, and once more when something was committed: one without content
/// (a journal before its first segment) is not remembered, for then its loss would be none. On
/// return a crash of the machine does not undo it. A full disk is no error: then the next start
/// remembers. Fails: data_dir_unusable.
[[nodiscard]] Result<void> remember_kept(const std::filesystem::path& store);

}  // namespace baton::app

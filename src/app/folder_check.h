// The state of the queue stores in a data folder, as text and as JSON.
#pragma once

#include <filesystem>
#include <string>

#include "base/result.h"

namespace baton::app {

struct FolderCheck {
    bool is_sound = true;  ///< nothing is damaged (any more)
    std::string as_text;
    std::string as_json;
};

/// Checks (and repairs, as journal/fsck.h says) the journal, and asks SQLite about its databases.
/// The caller holds the folder. Fails: what reading fails with; conflict (a newer version).
[[nodiscard]] Result<FolderCheck> check_folder(const std::filesystem::path& dir, bool repair);

}  // namespace baton::app

// A file that appears as a whole, and on disk, or not at all.
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>

#include "base/result.h"

namespace baton::app {

/// Whether `file` may be made or replaced. Fails: invalid_argument (a device, a pipe or a link,
/// which would be gone when the new file takes its name).
[[nodiscard]] Result<void> check_target(const std::filesystem::path& file);

/// Has `write` fill `<file>.part`, with mode 0600, syncs it and gives it its name. When anything
/// fails nothing of it stays, and an older `file` is as it was. Fails: as `write` does; storage_io.
[[nodiscard]] Result<void> write_whole_file(
    const std::filesystem::path& file, const std::function<Result<void>(std::ostream&)>& write);

}  // namespace baton::app

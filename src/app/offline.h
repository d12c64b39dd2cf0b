// What batond does with a data folder that no daemon holds: fsck, export, import (the latter two
// also with a cluster), and migrate.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/arguments.h"

namespace baton::app {

/// Runs `batond fsck|export|import|migrate …`; nothing when the arguments do not begin with one of
/// these. Exit status: 0 done, or nothing wrong; 10 (storage) damage that is not repaired; else as
/// the error's code says.
[[nodiscard]] std::optional<PrintAndExit> run_offline(std::vector<std::string> arguments);

}  // namespace baton::app

// The key table as people read it: help, reference page, and the configuration in force.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "app/config.h"

namespace baton::app {

/// Every key with type, range and default: `batond --help-config`.
[[nodiscard]] std::string config_help();

/// docs/reference/config.md: `batond --help-config=markdown`.
[[nodiscard]] std::string config_reference();

/// The configuration in force as YAML that loads again, except that secrets show as ***.
[[nodiscard]] std::string print_config(const Config& config);

/// The same as keys and values; items of lists by number ("agents[0].id").
[[nodiscard]] std::vector<std::pair<std::string, std::string>> masked_values(const Config& config);

/// Names of the keys whose values differ, in the order of the table.
[[nodiscard]] std::vector<std::string_view> changed_keys(const Config& a, const Config& b);

[[nodiscard]] bool is_reloadable(std::string_view key);

}  // namespace baton::app

// From files, arguments and environment to one checked Config.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/config.h"
#include "app/config_node.h"
#include "base/result.h"

namespace baton::app {

/// Where a configuration comes from; later ones win.
struct ConfigSources {
    std::optional<std::filesystem::path> file{};  ///< YAML
    std::vector<std::string> settings{};          ///< "key=value"; lists take JSON
    EnvLookup env;                                ///< for `${NAME}` and the default endpoint
    /// What the Ollama at an address has, for the default endpoint; may be empty.
    std::function<std::vector<std::string>(const std::string& base_url)> ollama_models{};
};

/// Loads, substitutes, checks every key by the table and then what keys mean to each other.
/// Fails: invalid_config ("file:line: what"), unsupported for what a later version will have.
[[nodiscard]] Result<Config> load_config(const ConfigSources& sources);

/// The process environment.
[[nodiscard]] EnvLookup process_environment();

}  // namespace baton::app

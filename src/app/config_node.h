// The raw configuration: a tree of texts that remember where they were written. Only here is YAML
// known.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace baton::app {

/// One value as it was written. A plain value; copy freely.
struct ConfigNode {
    enum class Kind { null, scalar, list, map };

    Kind kind = Kind::null;
    std::string text{};               ///< of a scalar
    std::string where{};              ///< "baton.yaml:12" or "--set server.port"
    std::vector<ConfigNode> items{};  ///< of a list
    std::vector<std::pair<std::string, ConfigNode>> members{};  ///< of a map, in the order written

    /// The member `name` of a map; null when there is none.
    [[nodiscard]] ConfigNode* find(std::string_view name) noexcept;
};

struct ConfigDocumentLimits {
    static constexpr std::size_t bytes_max = 1'048'576;
    static constexpr std::size_t nodes_max = 100'000;  ///< after aliases are resolved
    static constexpr std::size_t depth_max = 16;
};

/// Reads YAML (and so JSON). `source` names it in `where`. An empty text is an empty map.
/// Fails: invalid_config with the line, for broken YAML, a key given twice, or a limit passed.
[[nodiscard]] Result<ConfigNode> parse_document(std::string_view text, std::string_view source);

/// Puts `value` at the dotted `path`, over what is there, making maps on the way.
/// Fails: invalid_config when the path leads through something that is no map.
[[nodiscard]] Result<void> put_value(ConfigNode& root, std::string_view path, ConfigNode value);

/// The value of an environment variable; nothing when it is not set.
using EnvLookup = std::function<std::optional<std::string>(std::string_view name)>;

/// Replaces `${NAME}` and `${NAME:-default}` in every scalar; `$$` stands for one `$`. An empty
/// variable counts as not set for the second form. Fails: invalid_config when a variable is not set
/// and has no default, or a brace is missing.
[[nodiscard]] Result<void> substitute_environment(ConfigNode& root, const EnvLookup& env);

}  // namespace baton::app

// Values of the configuration that are more than one text: lists, models, prices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "app/config_node.h"
#include "base/result.h"
#include "llm/pool_config.h"

namespace baton::app {

enum class KeyKind : std::uint8_t {
    boolean,
    integer,
    size,
    number,
    duration,
    text,
    path,
    secret,
    choice,
    texts,
    models,
    prices
};
[[nodiscard]] std::string_view to_string(KeyKind kind) noexcept;

constexpr KeyKind list_kind(const std::vector<std::string>*) { return KeyKind::texts; }
constexpr KeyKind list_kind(const std::vector<llm::ModelAlias>*) { return KeyKind::models; }
constexpr KeyKind list_kind(const std::vector<llm::ModelPrice>*) { return KeyKind::prices; }

/// A list of texts. Fails, like the following: invalid_config, naming `name`.
[[nodiscard]] Result<void> read_list(
    std::string_view name, const ConfigNode& node, std::vector<std::string>& texts);
/// Each model as `name`, or as `alias: name` (a text, or a section of one).
[[nodiscard]] Result<void> read_list(
    std::string_view name, const ConfigNode& node, std::vector<llm::ModelAlias>& models);
/// A section of models, each `{input: …, output: …}`.
[[nodiscard]] Result<void> read_list(
    std::string_view name, const ConfigNode& node, std::vector<llm::ModelPrice>& prices);

// As `read_list` reads them.
[[nodiscard]] std::string show_list(const std::vector<std::string>& texts);
[[nodiscard]] std::string show_list(const std::vector<llm::ModelAlias>& models);
[[nodiscard]] std::string show_list(const std::vector<llm::ModelPrice>& prices);

}  // namespace baton::app

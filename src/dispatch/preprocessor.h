// What is worth what: content is classified and scored by rules, and the score gives the level.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/message.h"

namespace baton::dispatch {

/// Adds its score when all of its conditions hold; a condition that is empty, or 0, holds.
struct ScoreRule {
    static constexpr std::size_t keywords_max = 1'000;

    std::string name{};                   ///< shown with the message; printable
    std::vector<std::string> keywords{};  ///< one of them is in the text, whatever ASCII case
    std::uint32_t length_min = 0;         ///< bytes of text
    std::uint32_t length_max = 0;
    std::string tier{};      ///< of the user
    std::string urgency{};   ///< as the sender says
    std::int32_t score = 0;  ///< -100..100
    bool operator==(const ScoreRule&) const = default;
};

struct PreprocessorConfig {
    static constexpr std::size_t rules_max = 1'000;

    std::vector<ScoreRule> rules{};
    std::uint32_t base_score = 50;  ///< 0..100, before the rules
    /// The least score of each level, realtime to normal, descending; what has less is low.
    std::uint32_t realtime_from = 90;
    std::uint32_t high_from = 70;
    std::uint32_t normal_from = 30;
    bool operator==(const PreprocessorConfig&) const = default;
};

/// What is to be scored.
struct Subject {
    std::string_view text{};
    std::string_view tier{};     ///< of the user; empty: none
    std::string_view urgency{};  ///< as the sender says; empty: nothing
};

/// What sort of text it is.
enum class TextKind : std::uint8_t { statement, question, code, empty };
[[nodiscard]] std::string_view to_string(TextKind kind) noexcept;

struct Assessment {
    Level level = Level::normal;
    std::uint32_t score = 0;           ///< 0..100
    std::vector<std::string> rules{};  ///< names of those that matched, in order
    TextKind kind = TextKind::statement;
    std::uint32_t tokens = 0;  ///< about
    bool operator==(const Assessment&) const = default;
};

/// Fails: invalid_config with the field ("rules[2].name").
[[nodiscard]] Result<void> check_preprocessor(const PreprocessorConfig& config);

[[nodiscard]] Assessment assess(const PreprocessorConfig& config, const Subject& subject);

/// Gives the message its level: `priority` if somebody asked for one, else by the rules, and then
/// headers that say why (headers_of).
void set_level(NewMessage& message, const PreprocessorConfig& config, const Subject& subject,
    std::optional<Level> priority);

/// Headers that say so, for whoever asks why a message stands where it does: `baton-score`,
/// `baton-rules`, `baton-kind`.
[[nodiscard]] std::vector<Header> headers_of(const Assessment& assessment);

}  // namespace baton::dispatch

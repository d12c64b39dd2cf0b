#include "dispatch/preprocessor.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "agents/agent.h"
#include "base/text.h"

namespace baton::dispatch {
namespace {

constexpr std::size_t rules_shown_max = 1'024;  // bytes of the header that names them

std::string lower(std::string_view text) {
    std::string lowered(text);
    std::ranges::transform(lowered, lowered.begin(), to_lower);
    return lowered;
}

/// `text` is in lower case.
bool matches(const ScoreRule& rule, const Subject& subject, std::string_view text) {
    if (rule.length_min != 0 && subject.text.size() < rule.length_min) return false;
    if (rule.length_max != 0 && subject.text.size() > rule.length_max) return false;
    if (!rule.tier.empty() && !same_ignoring_case(rule.tier, subject.tier)) return false;
    if (!rule.urgency.empty() && !same_ignoring_case(rule.urgency, subject.urgency)) return false;
    return rule.keywords.empty() ||
           std::ranges::any_of(rule.keywords,
               [&](const std::string& keyword) { return text.contains(lower(keyword)); });
}

Level level_of(std::int64_t score, const PreprocessorConfig& config) {
    if (score >= config.realtime_from) return Level::realtime;
    if (score >= config.high_from) return Level::high;
    return score >= config.normal_from ? Level::normal : Level::low;
}

TextKind kind_of(std::string_view text) {
    constexpr std::string_view blank = " \t\r\n";
    const auto last = text.find_last_not_of(blank);
    if (last == std::string_view::npos) return TextKind::empty;
    if (text.contains("```")) return TextKind::code;
    const auto trimmed = text.substr(0, last + 1);
    const bool asks = trimmed.ends_with('?') || trimmed.ends_with("\uFF1F");
    return asks ? TextKind::question : TextKind::statement;
}

bool is_printable(std::string_view text) {
    return is_utf8(text) && std::ranges::none_of(text, [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
}

}  // namespace

std::string_view to_string(TextKind kind) noexcept {
    constexpr std::array<std::string_view, 4> names{"statement", "question", "code", "empty"};
    return names[static_cast<std::size_t>(kind)];
}

Result<void> check_preprocessor(const PreprocessorConfig& config) {
    const auto bad = [](std::string field, std::string detail) {
        return fail_field(Errc::invalid_config, std::move(field), std::move(detail));
    };
    if (config.rules.size() > PreprocessorConfig::rules_max) {
        return bad("rules", fmt::format("more than {} rules", PreprocessorConfig::rules_max));
    }
    if (config.realtime_from < config.high_from || config.high_from < config.normal_from) {
        return bad("levels", "a higher level needs at least the score of the one below");
    }
    for (std::size_t i = 0; i < config.rules.size(); ++i) {
        const ScoreRule& rule = config.rules[i];
        const std::string path = fmt::format("rules[{}]", i);
        if (rule.name.empty() || !is_printable(rule.name)) {
            return bad(path + ".name", "a rule has a printable name");
        }
        if (rule.keywords.size() > ScoreRule::keywords_max ||
            std::ranges::any_of(rule.keywords, &std::string::empty)) {
            return bad(path + ".keywords",
                fmt::format("at most {} keywords, none of them empty", ScoreRule::keywords_max));
        }
        if (rule.length_max != 0 && rule.length_max < rule.length_min) {
            return bad(path + ".length_max", "must not be below `length_min`");
        }
    }
    return {};
}

Assessment assess(const PreprocessorConfig& config, const Subject& subject) {
    Assessment found{
        .kind = kind_of(subject.text), .tokens = agents::estimate_tokens(subject.text)};
    const std::string text = config.rules.empty() ? std::string() : lower(subject.text);
    std::int64_t score = config.base_score;
    for (const ScoreRule& rule : config.rules) {
        if (!matches(rule, subject, text)) continue;
        score += rule.score;
        found.rules.push_back(rule.name);
    }
    score = std::clamp<std::int64_t>(score, 0, 100);
    found.score = static_cast<std::uint32_t>(score);
    found.level = level_of(score, config);
    return found;
}

void set_level(NewMessage& message, const PreprocessorConfig& config, const Subject& subject,
    std::optional<Level> priority) {
    if (priority) {
        message.data.priority = *priority;
        return;
    }
    const Assessment assessment = assess(config, subject);
    message.data.priority = assessment.level;
    for (auto& header : headers_of(assessment)) message.data.headers.push_back(std::move(header));
}

std::vector<Header> headers_of(const Assessment& assessment) {
    std::vector<Header> headers{{"baton-score", std::to_string(assessment.score)},
        {"baton-kind", std::string(to_string(assessment.kind))}};
    std::string rules;
    for (const auto& name : assessment.rules) {
        if (rules.size() + name.size() + 2 > rules_shown_max) break;
        if (!rules.empty()) rules += ", ";
        rules += name;
    }
    if (!rules.empty()) headers.push_back({"baton-rules", std::move(rules)});
    return headers;
}

}  // namespace baton::dispatch

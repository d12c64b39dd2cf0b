// The fields of each line of an export, as docs/formats/export.md has them: what an import knows.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace baton::queue::archive_fields {

using Names = std::span<const std::string_view>;

inline constexpr std::array<std::string_view, 1> begin{"version"};
inline constexpr std::array<std::string_view, 2> quota{"owner", "limit_bytes"};
inline constexpr std::array<std::string_view, 7> queue{
    "name", "owner", "uid", "created_at", "paused", "next_seq", "config"};
inline constexpr std::array<std::string_view, 18> message{"seq", "posted_at", "due_at",
    "expires_at", "priority", "ordering_key", "ordering_key_base64", "fairness_key",
    "fairness_key_base64", "dedup_key", "dedup_key_base64", "dedup_until", "metadata",
    "metadata_base64", "headers", "content", "content_base64", "delivery"};
inline constexpr std::array<std::string_view, 4> header{
    "name", "name_base64", "value", "value_base64"};
inline constexpr std::array<std::string_view, 11> delivery{"state", "due_at", "attempts",
    "failures", "entered_at", "level", "anew", "redriven", "dead_reason", "dead_reason_base64",
    "history"};
inline constexpr std::array<std::string_view, 4> note{"at", "attempt", "reason", "reason_base64"};
inline constexpr std::array<std::string_view, 4> finished{
    "seq", "dedup_key", "dedup_key_base64", "dedup_until"};
inline constexpr std::array<std::string_view, 7> reply{
    "seq", "at", "expires_at", "metadata", "metadata_base64", "result", "result_base64"};
inline constexpr std::array<std::string_view, 7> output{
    "seq", "offset", "attempt", "at", "expires_at", "data", "data_base64"};
inline constexpr std::array<std::string_view, 3> paused_key{"kind", "key", "key_base64"};
inline constexpr std::array<std::string_view, 2> cursor{"subscription", "committed"};
inline constexpr std::array<std::string_view, 2> end{"queues", "messages"};

struct Line {
    std::string_view kind;
    Names fields;
};
inline constexpr std::array<Line, 10> lines{{{"baton_export", begin}, {"quota", quota},
    {"queue", queue}, {"message", message}, {"finished", finished}, {"reply", reply},
    {"output", output}, {"paused_key", paused_key}, {"cursor", cursor}, {"end", end}}};

/// Empty for a kind of line that there is not.
[[nodiscard]] constexpr Names of(std::string_view kind) noexcept {
    const auto* line = std::ranges::find(lines, kind, &Line::kind);
    return line == lines.end() ? Names() : line->fields;
}

}  // namespace baton::queue::archive_fields

#include "llm/cluster/share_codec.h"

#include <array>
#include <optional>
#include <span>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "model/codec.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::llm {
namespace {

constexpr std::int64_t format_version = 1;
/// kind, claim, in use, want, unit, waited; then what leaves, without the zeros at its end.
constexpr std::size_t fixed = 6;
/// Beyond limits and what a minute may hold; a wrong one must not overflow sums.
constexpr std::uint64_t number_max = 9'007'199'254'740'992;

std::optional<std::uint64_t> number_of(const boost::json::value& value) {
    if (!value.is_int64() || value.get_int64() < 0) return std::nullopt;
    const auto number = static_cast<std::uint64_t>(value.get_int64());
    return number > number_max ? std::nullopt : std::optional(number);
}

boost::json::array line_of(const ShareLine& line) {
    const auto& use = line.use;
    boost::json::array numbers{static_cast<std::int64_t>(line.kind),
        static_cast<std::int64_t>(line.claim), static_cast<std::int64_t>(use.in_use),
        static_cast<std::int64_t>(use.want), static_cast<std::int64_t>(use.unit),
        use.waited.count()};
    for (const auto amount : use.leaving) numbers.push_back(static_cast<std::int64_t>(amount));
    while (numbers.size() > fixed && numbers.back() == 0) numbers.pop_back();
    return numbers;
}

std::optional<ShareLine> parse_line(const boost::json::value& value) {
    const auto* numbers = value.if_array();
    if (numbers == nullptr || numbers->size() < fixed ||
        numbers->size() > fixed + LimitUse::steps) {
        return std::nullopt;
    }
    std::array<std::uint64_t, fixed + LimitUse::steps> read{};
    for (std::size_t i = 0; i < numbers->size(); ++i) {
        const auto number = number_of((*numbers)[i]);
        if (!number) return std::nullopt;
        read[i] = *number;
    }
    if (read[0] >= limit_kinds) return std::nullopt;
    ShareLine line{.kind = static_cast<LimitKind>(read[0]), .claim = read[1]};
    line.use.in_use = read[2];
    line.use.want = read[3];
    line.use.unit = read[4];
    line.use.waited = Duration(static_cast<std::int64_t>(read[5]));
    for (std::size_t i = 0; i < LimitUse::steps; ++i) line.use.leaving[i] = read[fixed + i];
    return line;
}

}  // namespace

std::string encode_shares(const ShareEntry& entry) {
    boost::json::object lines;
    for (const auto& [key, line] : entry.lines) lines[key] = line_of(line);
    return json_text(boost::json::object{{"v", format_version},
        {"number", static_cast<std::int64_t>(entry.number)}, {"limits", std::move(lines)}});
}

Result<ShareEntry> decode_shares(std::string_view text) {
    auto value = parse_json(text);
    if (!value) return fail(Errc::protocol_error, value.error().detail);
    BATON_TRY(const auto fields, Fields::of(*value, {}, Errc::protocol_error));
    BATON_TRY(const auto version, fields.integer("v", {.max = format_version}));
    if (version != format_version) return fields.fail_at("v", "`v` is missing");
    BATON_TRY(const auto number, fields.integer("number", {.fallback = 0}));
    BATON_TRY(const auto* lines, fields.object("limits"));
    ShareEntry entry{.number = static_cast<std::uint64_t>(number)};
    if (lines == nullptr || lines->size() > ShareEntry::lines_max) {
        return fields.fail_at("limits", "`limits` are none, or too many");
    }
    for (const auto& [key, numbers] : *lines) {
        const auto line = parse_line(numbers);
        if (!line) return fields.fail_at("limits", "`" + std::string(key) + "` is no limit");
        entry.lines.emplace(key, *line);
    }
    return entry;
}

}  // namespace baton::llm

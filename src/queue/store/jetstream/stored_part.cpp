#include "queue/store/jetstream/stored_part.h"

#include <array>
#include <charconv>
#include <optional>

#include <fmt/core.h>

namespace baton::queue::jetstream {
namespace {

constexpr const char* part_header = "Baton-Part";
/// The last one is new, and 0 where it is missing.
constexpr std::size_t field_count = 7;

/// "epoch position expected number index count needed", all decimal.
std::optional<StoredPart> parse(std::string_view text) {
    std::array<std::uint64_t, field_count> fields{};
    for (std::size_t i = 0; i < field_count; ++i) {
        if (i > 0) {
            if (i + 1 == field_count && text.empty()) break;
            if (!text.starts_with(' ')) return std::nullopt;
            text.remove_prefix(1);
        }
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), fields[i]);
        if (error != std::errc()) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    const auto [epoch, position, expected, number, index, count, needed] = fields;
    const bool is_part = position > 0 && number > 0 && index < count && count <= UINT32_MAX;
    const bool is_beginning = position == 0 && index == 0 && count == 0;
    if (!text.empty() || epoch == 0 || (!is_part && !is_beginning)) return std::nullopt;
    return StoredPart{.epoch = epoch,
        .position = position,
        .expected = expected,
        .number = number,
        .index = static_cast<std::uint32_t>(index),
        .count = static_cast<std::uint32_t>(count),
        .needed = needed};
}

}  // namespace

nats::Headers headers_of(const StoredPart& part) {
    return {{part_header, fmt::format("{} {} {} {} {} {} {}", part.epoch, part.position,
                              part.expected, part.number, part.index, part.count, part.needed)}};
}

Result<StoredPart> part_of(const nats::Message& message) {
    auto part = parse(message.header(part_header));
    if (!part) {
        return fail(Errc::storage_corrupt,
            fmt::format("message {} of the stream is no part of a log", message.sequence()));
    }
    part->data = message.data();
    return *part;
}

}  // namespace baton::queue::jetstream

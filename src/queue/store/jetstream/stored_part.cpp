#include "queue/store/jetstream/stored_part.h"

#include <array>
#include <charconv>

#include <fmt/core.h>

namespace baton::queue::jetstream {
namespace {

constexpr const char* part_header = "Baton-Part";
constexpr std::string_view take_over_value = "take-over";
constexpr std::size_t field_count = 4;

/// "epoch number index count", all decimal.
std::optional<StoredPart> parse(std::string_view text) {
    std::array<std::uint64_t, field_count> fields{};
    for (std::size_t i = 0; i < field_count; ++i) {
        if (i > 0) {
            if (!text.starts_with(' ')) return std::nullopt;
            text.remove_prefix(1);
        }
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), fields[i]);
        if (error != std::errc()) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    const bool is_whole =
        text.empty() && fields[1] > 0 && fields[2] < fields[3] && fields[3] <= UINT32_MAX;
    if (!is_whole) return std::nullopt;
    return StoredPart{.epoch = fields[0],
        .number = fields[1],
        .index = static_cast<std::uint32_t>(fields[2]),
        .count = static_cast<std::uint32_t>(fields[3])};
}

}  // namespace

std::string id_of(const StoredPart& part, std::uint64_t last) {
    return fmt::format("{}.{}", part.epoch, last);
}

nats::Headers headers_of(const StoredPart& part) {
    return {
        {part_header, fmt::format("{} {} {} {}", part.epoch, part.number, part.index, part.count)}};
}

nats::Headers take_over_headers() { return {{part_header, std::string(take_over_value)}}; }

Result<StoredPart> part_of(const nats::Message& message) {
    const auto text = message.header(part_header);
    if (text == take_over_value) return StoredPart{};
    auto part = parse(text);
    if (!part) {
        return fail(Errc::storage_corrupt,
            fmt::format("message {} of the stream is no part of a log", message.sequence()));
    }
    part->data = message.data();
    return *part;
}

std::optional<std::string_view> EntryReader::add(const StoredPart& part) {
    const bool goes_on = part.index > 0 && part.count == last_.count && part.epoch == last_.epoch &&
                         part.number == last_.number && part.index == last_.index + 1;
    last_ = part;
    last_.data = {};
    if (part.count == 0) return std::nullopt;
    if (part.index == 0) joined_.clear();
    // Behind a beginning that is missing nothing can be completed.
    if (part.index > 0 && !goes_on) last_.count = 0;
    if (last_.count == 0) return std::nullopt;
    if (part.count == 1) return part.data;
    joined_ += part.data;
    if (part.index + 1 < part.count) return std::nullopt;
    return joined_;
}

}  // namespace baton::queue::jetstream

#include "queue/store/journal/format.h"

#include <array>
#include <bit>
#include <charconv>

#include <fmt/core.h>

#include "base/crc32c.h"

namespace baton::queue::journal {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little endian");

constexpr std::string_view magic = "BATONJNL";
constexpr std::uint32_t batch_tag = 0x48435442;  // "BTCH"
constexpr std::string_view name_end = ".seg";
constexpr std::size_t name_digits = 8;

std::uint32_t sum_at(std::uint32_t seed, std::uint64_t offset, std::string_view bytes) noexcept {
    std::array<char, 8> place{};
    store(place.data(), offset);
    return crc32c(crc32c(seed, {place.data(), place.size()}), bytes);
}

/// Of the bytes before and behind the checksum itself.
std::uint32_t header_sum(std::string_view bytes) noexcept {
    return crc32c(crc32c(0, bytes.substr(0, 12)), bytes.substr(16, header_size - 16));
}

}  // namespace

std::uint32_t seed_of(std::uint64_t store_id, std::uint32_t segment) noexcept {
    std::array<char, 12> bytes{};
    ByteWriter(bytes.data()).u64(store_id).u32(segment);
    return crc32c(0, {bytes.data(), bytes.size()});
}

std::string encode_header(const SegmentHeader& header) {
    std::string bytes(header_size, '\0');
    ByteWriter(bytes.data())
        .bytes(magic)
        .u32(format_version)
        .u32(0)
        .u64(header.store_id)
        .u32(header.number)
        .u32(header.first_segment)
        .u64(header.capacity)
        .u64(header.first_batch);
    store(bytes.data() + 12, header_sum(bytes));
    return bytes;
}

Result<SegmentHeader> decode_header(std::string_view bytes) {
    if (bytes.size() < header_size || !bytes.starts_with(magic)) {
        return fail(Errc::storage_corrupt, "is no segment of a journal");
    }
    ByteReader reader(bytes.substr(magic.size()));
    const auto version = reader.u32();
    const auto sum = reader.u32();
    if (sum != header_sum(bytes)) return fail(Errc::storage_corrupt, "the header is damaged");
    if (version != format_version) {
        return fail(Errc::conflict,
            fmt::format("has version {} of the format, not {}", version, format_version));
    }
    SegmentHeader header;
    header.store_id = reader.u64();
    header.number = reader.u32();
    header.first_segment = reader.u32();
    header.capacity = reader.u64();
    header.first_batch = reader.u64();
    return header;
}

std::string segment_name(std::uint32_t number) { return fmt::format("{:08}{}", number, name_end); }

std::uint32_t segment_number(std::string_view name) noexcept {
    if (!name.ends_with(name_end) || name.size() < name_digits + name_end.size()) return 0;
    const auto digits = name.substr(0, name.size() - name_end.size());
    std::uint32_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    return error == std::errc() && stop == end ? number : 0;
}

void encode_batch_head(const BatchHead& head, std::uint32_t seed, std::uint64_t offset, char* to) {
    ByteWriter(to)
        .u32(batch_tag)
        .u32(0)
        .u64(head.number)
        .u64(head.kind == BatchHead::Kind::gap ? head.next : head.durable)
        .u32(head.first_segment)
        .u32(head.count)
        .u64(head.size)
        .u32(static_cast<std::uint32_t>(head.kind))
        .u32(0);
    store(to + 4, sum_at(seed, offset, {to + 8, batch_head_size - 8}));
}

std::optional<BatchHead> decode_batch_head(
    std::string_view bytes, std::uint32_t seed, std::uint64_t offset) noexcept {
    if (bytes.size() < batch_head_size) return std::nullopt;
    ByteReader reader(bytes);
    if (reader.u32() != batch_tag) return std::nullopt;
    if (reader.u32() != sum_at(seed, offset, bytes.substr(8, batch_head_size - 8))) {
        return std::nullopt;
    }
    BatchHead head;
    head.number = reader.u64();
    const auto other = reader.u64();
    head.first_segment = reader.u32();
    head.count = reader.u32();
    head.size = reader.u64();
    head.kind = static_cast<BatchHead::Kind>(reader.u32());
    if (head.kind != BatchHead::Kind::records && head.kind != BatchHead::Kind::gap) {
        return std::nullopt;
    }
    (head.kind == BatchHead::Kind::gap ? head.next : head.durable) = other;
    return head;
}

char* begin_record(RecordType type, std::size_t payload_size, Buffer& buffer) {
    const auto size = RecordView::size_for(payload_size);
    char* const at = buffer.extend(size);
    store(at + size - alignment, std::uint64_t{0});  // the padding
    char* const payload =
        ByteWriter(at).u32(0).size(payload_size).u8(static_cast<std::uint8_t>(type)).zeros(3).at();
    return payload;
}

void seal_records(char* records, std::size_t size, std::uint32_t seed, std::uint64_t offset) {
    for (std::size_t at = 0; at < size;) {
        char* const record = records + at;
        const std::size_t length = load<std::uint32_t>(record + 4);
        store(record, sum_at(seed, offset + at, {record + 4, record_head_size - 4 + length}));
        at += RecordView::size_for(length);
    }
}

std::optional<RecordView> decode_record(
    std::string_view bytes, std::uint32_t seed, std::uint64_t offset) noexcept {
    if (bytes.size() < record_head_size) return std::nullopt;
    const std::size_t length = load<std::uint32_t>(bytes.data() + 4);
    if (length > bytes.size() - record_head_size) return std::nullopt;
    const auto sum = load<std::uint32_t>(bytes.data());
    if (sum != sum_at(seed, offset, bytes.substr(4, record_head_size - 4 + length))) {
        return std::nullopt;
    }
    return RecordView{.type = static_cast<RecordType>(bytes[8]),
        .offset = offset,
        .payload = bytes.substr(record_head_size, length)};
}

}  // namespace baton::queue::journal

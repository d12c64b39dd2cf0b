#include "model/message.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "base/text.h"
#include "model/names.h"

namespace baton {
namespace {

constexpr std::array<std::string_view, 7> state_names{
    "scheduled", "ready", "leased", "done", "dead", "cancelled", "expired"};

constexpr std::size_t id_size = MessageId::text_size;  // groups of 5 bits, the first holds 3

constexpr std::string_view crockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Crockford's reading: any case, I and L are 1, O is 0; U and the rest are -1.
constexpr std::array<std::int8_t, 256> crockford_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    const auto set = [&](char c, std::int8_t value) {
        values[static_cast<unsigned char>(c)] = value;
        if (c >= 'A') values[static_cast<unsigned char>(c - 'A' + 'a')] = value;
    };
    for (std::size_t i = 0; i < crockford.size(); ++i) {
        set(crockford[i], static_cast<std::int8_t>(i));
    }
    set('I', 1);
    set('L', 1);
    set('O', 0);
    return values;
}();

/// The 128 bits of `text`, or nothing when it is no id.
std::optional<MessageId> decode(std::string_view text) noexcept {
    if (text.size() != id_size) return std::nullopt;
    MessageId id;
    for (const char c : text) {
        const std::int8_t value = crockford_values[static_cast<unsigned char>(c)];
        if (value < 0 || (id.queue_uid >> 59) != 0) return std::nullopt;
        id.queue_uid = (id.queue_uid << 5) | (id.seq >> 59);
        id.seq = (id.seq << 5) | static_cast<std::uint8_t>(value);
    }
    return id;
}

Result<void> check_key(std::string_view name, std::string_view key) {
    if (key.size() > MessageLimits::key_max) {
        return fail_field(Errc::invalid_message, std::string(name),
            fmt::format("`{}` is longer than {} bytes", name, MessageLimits::key_max));
    }
    if (!is_utf8(key)) {
        return fail_field(
            Errc::invalid_message, std::string(name), fmt::format("`{}` is not UTF-8", name));
    }
    return {};
}

std::optional<std::uint32_t> parse_cost(std::string_view text) noexcept {
    std::uint32_t cost = 0;
    const auto* end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, cost);
    const bool good = parsed.ec == std::errc() && parsed.ptr == end;
    if (!good || cost < 1 || cost > cost_max) return std::nullopt;
    return cost;
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool breaks_line(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }

Result<void> check_headers(const std::vector<Header>& headers) {
    const auto bad = [](std::string detail) {
        return fail_field(Errc::invalid_message, "headers", std::move(detail));
    };
    if (headers.size() > MessageLimits::headers_max) {
        return bad(fmt::format("more than {} headers", MessageLimits::headers_max));
    }
    std::size_t bytes = 0;
    for (auto header = headers.begin(); header != headers.end(); ++header) {
        bytes += header->name.size() + header->value.size();
        if (header->name.empty() || std::ranges::any_of(header->name, is_control)) {
            return bad("a header name is empty or holds a control character");
        }
        if (header->name == cost_header && !parse_cost(header->value)) {
            return bad(
                fmt::format("the header `{}` is a whole number, 1 to {}", cost_header, cost_max));
        }
        if (std::ranges::any_of(header->value, breaks_line)) {
            return bad("a header value holds a line break or a zero byte");
        }
        if (!is_utf8(header->name) || !is_utf8(header->value)) return bad("a header is not UTF-8");
        if (std::ranges::find(headers.begin(), header, header->name, &Header::name) != header) {
            return bad("two headers have the same name");
        }
    }
    if (bytes > MessageLimits::header_bytes_max) {
        return bad(
            fmt::format("headers are longer than {} bytes", MessageLimits::header_bytes_max));
    }
    return {};
}

Result<void> check_period(std::string_view name, Duration period) {
    if (period >= Duration(0) && period <= MessageLimits::period_max) return {};
    return fail_field(Errc::invalid_message, std::string(name),
        fmt::format("`{}` must be 0 to {} ms", name, MessageLimits::period_max.count()));
}

}  // namespace

std::uint32_t cost_of(const std::vector<Header>& headers) noexcept {
    for (const auto& header : headers) {
        if (header.name == cost_header) return parse_cost(header.value).value_or(1);
    }
    return 1;
}

Result<Level> parse_level(std::string_view text) {
    return enum_from_name<Level>("priority", text, level_names);
}

std::string_view to_string(MessageState state) noexcept { return name_of(state, state_names); }

Result<MessageState> parse_message_state(std::string_view text) {
    return enum_from_name<MessageState>("message state", text, state_names);
}

std::string MessageId::text() const {
    std::string out(id_size, '0');
    write_text(out.data());
    return out;
}

void MessageId::write_text(char* to) const noexcept {
    std::uint64_t high = queue_uid;
    std::uint64_t low = seq;
    for (std::size_t i = id_size; i-- > 0;) {
        to[i] = crockford[low & 31];
        low = (low >> 5) | (high << 59);
        high >>= 5;
    }
}

Result<MessageId> MessageId::parse(std::string_view text) {
    const auto id = decode(text);
    if (!id) {
        return fail(Errc::invalid_argument,
            "a message id is 26 characters of Crockford base32, as the post answered it");
    }
    return *id;
}

std::string Receipt::text() const {
    std::array<char, text_max> buffer;
    return std::string(write_text(buffer));
}

std::string_view Receipt::write_text(std::array<char, text_max>& buffer) const noexcept {
    message.write_text(buffer.data());
    buffer[id_size] = '-';
    char* const digits = buffer.data() + id_size + 1;
    const char* const end = std::to_chars(digits, buffer.data() + buffer.size(), attempt).ptr;
    return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

Result<Receipt> Receipt::parse(std::string_view text) {
    const auto bad = [] {
        return fail(Errc::invalid_receipt, "a receipt is what the pop answered with the message");
    };
    if (text.size() < id_size + 2 || text[id_size] != '-') return bad();
    const auto id = decode(text.substr(0, id_size));
    const std::string_view digits = text.substr(id_size + 1);
    Receipt receipt;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, receipt.attempt);
    if (!id || error != std::errc() || stop != end) return bad();
    receipt.message = *id;
    return receipt;
}

Result<void> check_message(const NewMessage& message) {
    const MessageData& data = message.data;
    if (data.content.empty()) {
        return fail_field(Errc::invalid_message, "content", "the content must not be empty");
    }
    BATON_TRY_VOID(check_key("ordering_key", data.ordering_key));
    BATON_TRY_VOID(check_key("fairness_key", data.fairness_key));
    BATON_TRY_VOID(check_key("dedup_key", data.dedup_key));
    BATON_TRY_VOID(check_headers(data.headers));
    if (data.metadata.size() > MessageLimits::metadata_max) {
        return fail_field(Errc::invalid_message, "metadata",
            fmt::format("the metadata are longer than {} bytes", MessageLimits::metadata_max));
    }
    BATON_TRY_VOID(check_period("delay_ms", message.delay));
    BATON_TRY_VOID(check_period("ttl_ms", message.ttl));
    return {};
}

}  // namespace baton

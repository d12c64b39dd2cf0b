#include "api/rest/idempotency_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <sodium/crypto_generichash.h>
#include <span>
#include <unistd.h>

#include <fmt/core.h>

#include "base/text.h"

namespace baton::api::rest {
namespace {

constexpr std::string_view field_name = "Idempotency-Key";
constexpr std::size_t key_max = 200;  // bytes
constexpr std::string_view version = "1";
constexpr std::size_t fingerprint_size = 64;
constexpr std::size_t draw_size = 32;

std::string to_hex(std::span<const unsigned char> bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const unsigned char byte : bytes) {
        text += digits[byte >> 4U];
        text += digits[byte & 15U];
    }
    return text;
}

bool is_hex(std::string_view text, std::size_t size) {
    return text.size() == size &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// Each part with its size before it, so that no two lists of parts are the same bytes.
std::string hash_of(std::initializer_list<std::string_view> parts) {
    crypto_generichash_state state;
    std::array<unsigned char, 32> hash{};
    crypto_generichash_init(&state, nullptr, 0, hash.size());
    for (const auto part : parts) {
        const auto size = std::to_string(part.size()) + ":";
        for (const std::string_view bytes : {std::string_view(size), part}) {
            crypto_generichash_update(
                &state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
        }
    }
    crypto_generichash_final(&state, hash.data(), hash.size());
    return to_hex(hash);
}

/// Up to the next space; takes both away.
std::string_view next_word(std::string_view& line) {
    const auto word = line.substr(0, line.find(' '));
    line.remove_prefix(std::min(line.size(), word.size() + 1));
    return word;
}

bool is_control(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

}  // namespace

std::string encode(const IdempotencyRecord& record) {
    auto text = fmt::format("{} {} {}", version, record.fingerprint, record.draw);
    if (!record.answer) return text + "\n";
    text += fmt::format(" {} {}\n", record.answer->status, record.answer->content_type);
    return text + record.answer->body;
}

Result<IdempotencyRecord> decode_record(std::string_view bytes) {
    const auto unknown = [] {
        return fail(Errc::protocol_error, "the cache holds a record of another version");
    };
    const auto end = bytes.find('\n');
    if (end == std::string_view::npos) return unknown();
    auto line = bytes.substr(0, end);
    if (next_word(line) != version) return unknown();
    IdempotencyRecord record;
    record.fingerprint = next_word(line);
    record.draw = next_word(line);
    if (!is_hex(record.fingerprint, fingerprint_size) || !is_hex(record.draw, draw_size)) {
        return unknown();
    }
    if (line.empty()) return record;
    KeptAnswer answer;
    const auto digits = next_word(line);
    const auto* const digits_end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), digits_end, answer.status);
    if (error != std::errc() || stop != digits_end) return unknown();
    if (answer.status < 200 || answer.status > 599) return unknown();
    answer.content_type = line;
    answer.body = bytes.substr(end + 1);
    record.answer = std::move(answer);
    return record;
}

Result<std::string_view> idempotency_key_of(const net::Request& request) {
    const auto refuse = [](std::string what) {
        return fail_field(Errc::invalid_argument, std::string(field_name), std::move(what));
    };
    const auto times = std::ranges::count_if(request.fields.all(),
        [](const auto& field) { return same_ignoring_case(field.first, field_name); });
    if (times > 1) return refuse("there are two idempotency keys");
    const auto key = request.fields.get(field_name);
    if (key.empty() || key.size() > key_max) {
        return refuse(fmt::format("an idempotency key is 1 to {} bytes", key_max));
    }
    if (!is_utf8(key)) {
        return fail_field(
            Errc::invalid_utf8, std::string(field_name), "an idempotency key is UTF-8");
    }
    if (std::ranges::any_of(key, is_control)) {
        return refuse("an idempotency key has no control characters");
    }
    return key;
}

std::string name_of_key(std::string_view caller, std::string_view key) {
    return hash_of({caller, key});
}

std::string fingerprint_of(const net::Request& request) {
    return hash_of({net::to_string(request.method), request.target, request.body});
}

std::string draw_bits() {
    std::array<unsigned char, draw_size / 2> bits{};
    if (::getentropy(bits.data(), bits.size()) != 0) std::abort();  // cannot fail for 16 bytes
    return to_hex(bits);
}

}  // namespace baton::api::rest

#include "net/chunk_reader.h"

#include <algorithm>

namespace baton::net {
namespace {

bool is_token(char c) noexcept {
    constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           marks.contains(c);
}

bool is_space(char c) noexcept { return c == ' ' || c == '\t'; }

/// What may stand in a field value or an extension: no control characters but the tab. So a line
/// ends with CR LF and nothing else.
bool is_text(char c) noexcept {
    const auto byte = static_cast<unsigned char>(c);
    return is_space(c) || (byte > ' ' && byte != 0x7f);
}

/// -1: not a hexadecimal digit.
int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::unexpected<Error> malformed(std::string_view where) {
    return fail(Errc::invalid_argument,
        "malformed HTTP request: an unexpected byte in " + std::string(where));
}

}  // namespace

Result<std::size_t> ChunkReader::feed(std::string_view data, std::string& body) {
    std::size_t used = 0;
    while (used < data.size() && state_ != State::done) {
        if (state_ != State::data) {
            BATON_TRY_VOID(read(data[used++]));
            continue;
        }
        const std::size_t size = std::min(chunk_, data.size() - used);
        body.append(data.substr(used, size));
        used += size;
        chunk_ -= size;
        if (chunk_ == 0) state_ = State::data_cr;
    }
    return used;
}

Result<void> ChunkReader::read(char c) {
    switch (state_) {
        case State::size_begin:
        case State::size:
        case State::size_space:
        case State::extension: return read_size(c);
        case State::size_lf:
            return expect(c, '\n', chunk_ == 0 ? State::trailer_begin : State::data);
        case State::data_cr: return expect(c, '\r', State::data_lf);
        case State::data_lf: return expect(c, '\n', State::size_begin);
        case State::trailer_begin:
        case State::trailer_name:
        case State::trailer_value: return read_trailer(c);
        case State::trailer_lf: return expect(c, '\n', State::trailer_begin);
        case State::end_lf: return expect(c, '\n', State::done);
        case State::data:
        case State::done: break;
    }
    return {};
}

Result<void> ChunkReader::expect(char c, char wanted, State next) {
    if (c != wanted) return malformed("a chunk");
    state_ = next;
    return {};
}

Result<void> ChunkReader::count_overhead() {
    if (++overhead_ > limits_.overhead_max) {
        return fail(Errc::header_too_large, "chunk extensions and trailers of the request exceed " +
                                                std::to_string(limits_.overhead_max) + " bytes");
    }
    return {};
}

Result<void> ChunkReader::read_digit(std::size_t digit) {
    const bool first = state_ == State::size_begin;
    if (first) chunk_ = 0;
    state_ = State::size;
    // What is multiplied is at most body_max, so this does not overflow.
    chunk_ = chunk_ * 16 + digit;
    if (chunk_ > limits_.body_max - body_) {
        return fail(Errc::payload_too_large,
            "the body of the request exceeds " + std::to_string(limits_.body_max) + " bytes");
    }
    // Zeros in front would go on for ever.
    return first || chunk_ > 0 ? Result<void>{} : count_overhead();
}

Result<void> ChunkReader::read_size(char c) {
    const bool may_be_digit = state_ == State::size_begin || state_ == State::size;
    if (const int digit = hex_value(c); may_be_digit && digit >= 0) {
        return read_digit(static_cast<std::size_t>(digit));
    }
    if (state_ == State::size_begin) return malformed("a chunk header");
    if (c == '\r') {
        body_ += chunk_;
        state_ = State::size_lf;
        return {};
    }
    if (state_ != State::extension) {
        if (c != ';' && !is_space(c)) return malformed("a chunk header");
        state_ = c == ';' ? State::extension : State::size_space;
    } else if (!is_text(c)) {
        return malformed("a chunk extension");
    }
    return count_overhead();
}

Result<void> ChunkReader::read_trailer(char c) {
    switch (state_) {
        case State::trailer_begin:
            if (c == '\r') return expect(c, '\r', State::end_lf);
            state_ = State::trailer_name;
            if (!is_token(c)) return malformed("a trailer");
            break;
        case State::trailer_name:
            if (c == ':') {
                state_ = State::trailer_value;
            } else if (!is_token(c)) {
                return malformed("a trailer");
            }
            break;
        default:
            if (c == '\r') return expect(c, '\r', State::trailer_lf);
            if (!is_text(c)) return malformed("a trailer");
    }
    return count_overhead();
}

}  // namespace baton::net

// The chunked transfer coding (RFC 9112, 7.1) into a body, without I/O: the same result however its
// bytes are cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::net {

/// Reads one chunked body. Extensions and trailers are checked for their bytes and dropped. After
/// an error the reader is of no more use. Not thread-safe.
class ChunkReader final {
public:
    struct Limits {
        std::size_t overhead_max = 16'384;  ///< extensions and trailers together
        std::size_t body_max = 16'777'216;
    };

    explicit ChunkReader(Limits limits) : limits_(limits) {}

    /// Reads from the front of `data`, appends contents to `body` and returns how many bytes it
    /// used: all of them, unless the body ends before. Fails: invalid_argument (syntax, a line end
    /// without CR), header_too_large (overhead_max), payload_too_large (body_max, as soon as a
    /// chunk announces more).
    [[nodiscard]] Result<std::size_t> feed(std::string_view data, std::string& body);

    [[nodiscard]] bool done() const noexcept { return state_ == State::done; }

private:
    enum class State : std::uint8_t {
        size_begin,
        size,
        size_space,
        extension,
        size_lf,
        data,
        data_cr,
        data_lf,
        trailer_begin,
        trailer_name,
        trailer_value,
        trailer_lf,
        end_lf,
        done
    };

    Result<void> read(char c);
    Result<void> read_size(char c);
    Result<void> read_digit(std::size_t digit);
    Result<void> read_trailer(char c);
    Result<void> count_overhead();
    Result<void> expect(char c, char wanted, State next);

    Limits limits_;
    State state_ = State::size_begin;
    std::size_t chunk_ = 0;  ///< announced; then what is still to come of it
    std::size_t body_ = 0;   ///< announced by the chunks before
    std::size_t overhead_ = 0;
};

}  // namespace baton::net

// Lines from bytes: the frame of streams of JSON lines (NDJSON). Pure; no I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace baton::llm {

using LineSink = std::function<void(std::string line)>;

/// Lines end in LF or CRLF; blank ones are skipped. However the bytes are cut into pieces, the
/// lines and the error are the same. One stream per parser; a value without threads.
class LineParser {
public:
    /// `line_max`: bytes of one line, without its end.
    explicit LineParser(std::size_t line_max = 4'194'304) : line_max_(line_max) {}

    /// Hands each line that `bytes` completes to `sink`, in order.
    /// Fails: provider_protocol when a line is too long; the same again from then on.
    [[nodiscard]] Result<void> feed(std::string_view bytes, const LineSink& sink);

    /// What came after the last end of a line: a whole line, or half of one.
    [[nodiscard]] std::string rest() { return std::exchange(line_, {}); }

private:
    std::size_t line_max_;
    std::string line_;  ///< the start of a line whose end has not come
    std::optional<Error> error_;
};

}  // namespace baton::llm

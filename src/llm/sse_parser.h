// Server-sent events from bytes: the wire format of every streaming model API. Pure; no I/O.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace baton::llm {

struct SseEvent {
    std::string type;  ///< the `event` field; empty: "message"
    std::string data;  ///< its `data` lines, joined by LF
    bool operator==(const SseEvent&) const = default;
};

struct SseLimits {
    std::size_t line_max = 1'048'576;   ///< bytes of one line
    std::size_t event_max = 4'194'304;  ///< bytes of one event's data
};

using SseSink = std::function<void(SseEvent event)>;

/// Reads the event stream format of the WHATWG HTML standard, section 9.2.6: lines end in LF, CR or
/// CRLF, a BOM in front is skipped, comments, `id` and `retry` are ignored. However the bytes are
/// cut into pieces, the events and the error are the same. One stream per parser; a value without
/// threads.
class SseParser {
public:
    explicit SseParser(SseLimits limits = {}) : limits_(limits) {}

    /// Hands each event that `bytes` completes to `sink`, in order.
    /// Fails: provider_protocol when a line or an event is too large; the same again from then on.
    [[nodiscard]] Result<void> feed(std::string_view bytes, const SseSink& sink);

    /// The stream has ended: an event whose lines are whole but whose blank line is missing counts
    /// (the standard drops it, yet servers do leave it out). Half a line is dropped.
    [[nodiscard]] std::optional<SseEvent> finish();

private:
    Result<void> end_line(std::string_view rest, const SseSink& sink);
    Result<void> take_field(std::string_view line);
    Result<void> reject(std::string detail);

    SseLimits limits_;
    std::string line_;  ///< the start of a line whose end has not come
    SseEvent event_;    ///< the event being read
    bool has_data_ = false;
    bool first_line_ = true;
    bool skip_lf_ = false;  ///< the byte before was CR: an LF now belongs to it
    std::optional<Error> error_;
};

}  // namespace baton::llm

// What the clients of Baton share: HTTP calls, and cutting texts out of answers.
#pragma once

#include <charconv>
#include <iterator>
#include <string>
#include <string_view>
#include <strings.h>

#include <fmt/format.h>

#include "socket.h"
#include "system.h"

namespace baton::bench {

inline constexpr std::string_view queue_path = "/v1/queues/bench";

class Http final {
public:
    explicit Http(const Target& target)
        : socket_(target.host, target.port),
          fields_(fmt::format("Host: {}:{}\r\nAuthorization: Bearer {}\r\n", target.host,
              target.port, target.key)) {}

    /// The body of the answer; valid until the next call.
    std::string_view call(std::string_view method, std::string_view path, std::string_view type,
        std::string_view body) {
        request_.clear();
        fmt::format_to(std::back_inserter(request_),
            "{} {}{} HTTP/1.1\r\n{}Content-Type: {}\r\nContent-Length: {}\r\n\r\n{}", method,
            queue_path, path, fields_, type, body.size(), body);
        socket_.write(request_);
        const int status = read_status();
        const auto answer = socket_.bytes(read_length());
        if (status >= 300) throw Fault(fmt::format("{} {}: {} {}", method, path, status, answer));
        return answer;
    }

private:
    int read_status() {
        const auto line = socket_.line();
        int status = 0;
        if (line.size() > 12) std::from_chars(line.data() + 9, line.data() + 12, status);
        return status;
    }

    std::size_t read_length() {
        std::size_t length = 0;
        for (auto line = socket_.line(); !line.empty(); line = socket_.line()) {
            constexpr std::string_view name = "content-length: ";
            if (line.size() <= name.size() || (line[8] | 0x20) != 'l') continue;
            if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
            std::from_chars(line.data() + name.size(), line.data() + line.size(), length);
        }
        return length;
    }

    Socket socket_;
    std::string fields_;
    std::string request_;
};

/// Calls `found` with each text that stands in quotes after `"name":`; values hold no escapes.
template <class Found>
void each_text(std::string_view json, std::string_view name, const Found& found) {
    const std::string mark = fmt::format("\"{}\":\"", name);
    for (auto at = json.find(mark); at != std::string_view::npos; at = json.find(mark, at)) {
        at += mark.size();
        const auto end = json.find('"', at);
        found(json.substr(at, end - at));
        at = end;
    }
}

/// Makes the queue, with the durability of the target.
void prepare_baton(const Target& target);
/// Messages in the queue.
std::uint64_t held_by_baton(const Target& target);

}  // namespace baton::bench

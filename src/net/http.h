// HTTP messages as the rest of the house sees them: no Beast, no curl.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/task.h"

namespace baton::net {

enum class Method : std::uint8_t { get, head, post, put, patch, del, options, other };

[[nodiscard]] std::string_view to_string(Method method) noexcept;

/// Header fields in the order they came. Names compare without case. Lookups are linear: there are
/// few.
class Fields final {
public:
    /// The first value of `name`; empty when absent.
    [[nodiscard]] std::string_view get(std::string_view name) const noexcept;
    [[nodiscard]] bool has(std::string_view name) const noexcept;
    /// Puts `name` at the end with just this value.
    void set(std::string name, std::string value);
    /// Appends, keeping other values of `name`.
    void add(std::string name, std::string value);
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const noexcept {
        return fields_;
    }

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

/// A request as a server receives it. `path` is percent-decoded UTF-8 without the query.
struct Request {
    Method method = Method::get;
    std::string method_text;  ///< as it came, for methods outside the enum
    std::string target;       ///< path and query as they came
    std::string path;
    std::vector<std::pair<std::string, std::string>> query;  ///< percent-decoded, in order
    Fields fields = {};
    std::string body = {};
    std::string peer;  ///< "127.0.0.1:51234"

    /// The first query parameter `name`, if there is one.
    [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const noexcept;
};

class WebSocket;
struct Response;

/// The body of an answer that is sent while it comes into being. Lives on the connection's
/// executor.
class BodyStream {
public:
    virtual ~BodyStream() = default;

    /// Sends `piece` at once, the first one together with the head, and waits until the peer's
    /// socket has taken it. False: the client is gone, or took nothing for `write_timeout`; the
    /// rest is pointless.
    [[nodiscard]] virtual Task<bool> write(std::string piece) = 0;

    /// Before the first `write`: sends this whole answer instead of the one announced, of which it
    /// keeps the fields that it has not itself. For errors that show before the first byte. The
    /// task writes nothing after it. False: as `write`, or something was written already.
    [[nodiscard]] virtual Task<bool> answer_instead(Response response) = 0;

    /// The server winds up: end the answer soon.
    [[nodiscard]] virtual bool stopping() const = 0;
};

struct Response {
    int status = 200;
    Fields fields = {};
    std::string body = {};
    std::string content_type = "application/json";
    bool close = false;  ///< end the connection after this answer
    /// Set: the body is what this task writes, and ends with it; `body` is not looked at. The head
    /// waits for the first piece. The task
    /// is cancelled when the client goes away. An exception cuts the answer off, so that the client
    /// sees that it is not whole. The function is kept alive until its task has ended.
    std::function<Task<void>(BodyStream&)> stream = {};
    /// Set, with status 101: the connection becomes a WebSocket (`web_socket.h`).
    std::function<Task<void>(WebSocket&)> web_socket = {};
};

/// Splits a target ("/v1/queues/a%20b?x=1") into `path` and `query`; `+` in the query is a space,
/// as in forms. An absolute target ("http://host/path") loses its origin. Fails: invalid_argument
/// on a bad escape, a NUL, a fragment, a path without `/`, more than 65,536 bytes or 1,000
/// parameters; invalid_utf8 when the decoded text is not UTF-8.
[[nodiscard]] Result<void> parse_target(std::string_view target, Request& request);

/// Percent-encodes everything but unreserved characters (RFC 3986), for one path segment or query
/// value.
[[nodiscard]] std::string percent_encode(std::string_view text);

}  // namespace baton::net

// Core NATS: messages to whoever listens at this moment.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "nats/connection.h"

namespace baton::nats {

/// A message that came; the views hold during the call of the handler.
struct Delivery {
    std::string_view subject;
    std::string_view reply_to;  ///< empty: no answer is wanted
    std::string_view data;
    bool nobody_listens = false;  ///< the server's answer to a message that nobody listens for
};

/// Ends its subscription when it is destroyed. The handler is given what the server has sent until
/// then, so that who published it there has either a receiver or the answer that nobody listens
/// (with servers between them something may be lost on the way); on return it is not running and
/// will not be called again. That waits for the server, two seconds at most; what is left then is
/// dropped, as it is without a connection. Not to be destroyed by the handler.
class Subscription {
public:
    virtual ~Subscription() = default;
};

/// All methods from any thread.
class Messaging {
public:
    using Handler = std::function<void(const Delivery&)>;

    virtual ~Messaging() = default;

    /// Calls `handler` on a thread of its own for each message of a subject, which may have
    /// wildcards (`*`, `>`), one after the other. Stays over lost connections. On return the server
    /// knows of it. Fails: unavailable, permission_denied.
    [[nodiscard]] virtual Result<std::unique_ptr<Subscription>> subscribe(
        const std::string& subject, Handler handler) = 0;

    /// Sent, not delivered, on return. With `reply_to` the server says so there when nobody
    /// listens. Fails: unavailable (not sent), message_too_large.
    [[nodiscard]] virtual Result<void> publish(
        const std::string& subject, const std::string& reply_to, std::string_view data) = 0;

    /// A subject that nobody else has, for answers: subscribe to it and below.
    [[nodiscard]] virtual std::string make_inbox() = 0;
};

[[nodiscard]] std::unique_ptr<Messaging> make_messaging(std::shared_ptr<Connection> connection);

}  // namespace baton::nats

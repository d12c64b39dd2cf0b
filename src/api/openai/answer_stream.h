// An answer on its way to a client, stored or passed through; what each of the two APIs says of it
// is its AnswerEvents and AnswerText.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "access/access.h"
#include "api/openai/routes.h"
#include "base/error.h"
#include "base/result.h"
#include "model/chat.h"
#include "net/http.h"
#include "runtime/task.h"

namespace baton::api::openai {

/// One answer as server-sent events, in order. Each call gives the text of the next ones, which may
/// be none.
class AnswerEvents {
public:
    AnswerEvents() = default;
    virtual ~AnswerEvents() = default;
    AnswerEvents(const AnswerEvents&) = delete;
    AnswerEvents& operator=(const AnswerEvents&) = delete;

    [[nodiscard]] virtual std::string begin() = 0;
    /// `place` names the piece for a reader that comes back; empty: nothing is stored.
    [[nodiscard]] virtual std::string take(const ChatDelta& delta, std::string_view place) = 0;
    [[nodiscard]] virtual std::string end(const ChatResult& result) = 0;
    [[nodiscard]] virtual std::string fail(const Error& error) = 0;
};

/// The whole answer as a body.
using AnswerText = std::function<std::string(const ChatResult&)>;

/// Behind which piece a reader goes on.
struct Place {
    std::uint64_t from = 0;  ///< the first event that is not whole told
    std::uint32_t skip = 0;  ///< pieces of it that were
};

/// Writes a stored chat while it comes; the client may leave, the chat goes on. When the server
/// stops, `way_back` tells how to follow it again.
[[nodiscard]] net::Response follow_response(const SharedState& state, MessageId id, Place place,
    std::shared_ptr<AnswerEvents> events, std::string_view way_back);

/// The whole answer of a stored chat; when it takes longer than clients wait for a head, a body
/// that begins with white space, which means nothing in front of a JSON text. Fails as
/// ChatService::wait.
[[nodiscard]] Task<Result<net::Response>> answer_in_time(
    const SharedState& state, const access::Identity& who, MessageId id, AnswerText text);

/// Asks without the queue and writes what comes; a client that leaves calls the chat off.
[[nodiscard]] net::Response stream_through(const SharedState& state, access::Identity who,
    service::ChatOrder order, std::shared_ptr<AnswerEvents> events);

/// Asks without the queue and answers when it is whole. Fails as ChatService::pass_through.
[[nodiscard]] Task<Result<net::Response>> answer_through(const SharedState& state,
    const access::Identity& who, service::ChatOrder order, AnswerText text);

}  // namespace baton::api::openai

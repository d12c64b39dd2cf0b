// A stream of events made while a chat runs: the chat on one side, the client's socket on the
// other.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "net/http.h"
#include "runtime/event.h"
#include "runtime/task.h"

namespace baton::api::openai {

/// Text on its way from a chat to a client. Use on one executor.
class LiveText {
public:
    explicit LiveText(const Executor& executor) : changed_(executor) {}

    void add(std::string_view text) {
        waiting_ += text;
        changed_.notify_all();
    }
    /// Nothing more will come; an error without text before it becomes the answer.
    void end(std::optional<Error> error) {
        error_ = std::move(error);
        is_over_ = true;
        changed_.notify_all();
    }

    /// Writes what comes until the end, and a comment after each `heartbeat` of silence. Throws
    /// operation_aborted when the client takes no more, so that what feeds it is called off.
    Task<void> write_to(net::BodyStream& body, Duration heartbeat);

private:
    Event changed_;
    std::string waiting_;
    std::optional<Error> error_;
    bool is_over_ = false;
};

}  // namespace baton::api::openai

// What a service stands on beside the queues: the shared conversation fake, and agents that only
// have names.
#pragma once

#include <string>
#include <utility>

#include "agents/agent.h"
#include "support/fake_conversations.h"

namespace baton::test {

/// From now on every call on `rows` fails with `error`.
inline void break_with(FakeConversations& rows, Error error) {
    rows.fault = [error = std::move(error)](std::string_view) { return error; };
}

/// An answer of the echo kind: 3 tokens in, 4 out.
inline DialogReply echo_reply(std::string content) {
    return {.content = std::move(content), .model = "echo", .usage = {3, 4}, .created_at = {}};
}

/// Knows the agents `assistant` and `poet`; runs none.
class FakeAgents final : public agents::Runtime {
public:
    Task<Result<DialogReply>> run(DialogMessage, llm::ChatSink, Deadline) override {
        co_return fail(Errc::unsupported, "a fake runs nothing");
    }
    [[nodiscard]] bool knows(const AgentId& id) const override {
        return id.view() == "assistant" || id.view() == "poet";
    }
};

}  // namespace baton::test

// The agent runtime: one run takes one message of a conversation to its answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "llm/pool.h"
#include "model/conversation.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::agents {

struct AgentSpec {
    AgentId id{"assistant"};
    std::string model = "gpt-4o-mini";
    std::string instructions = "You are a helpful assistant.";
    /// Room for instructions, history and the new message together, in tokens as `estimate_tokens`
    /// counts them.
    std::uint32_t context_tokens = 8'192;
    std::uint32_t history_max = 100;  ///< earlier messages looked at, 0..1,000
};

/// About how many tokens a text is: 4 bytes of ASCII or 1.5 characters of other scripts make one,
/// plus 4 a message. An estimate on the high side; providers count differently.
[[nodiscard]] std::uint32_t estimate_tokens(std::string_view text) noexcept;

/// Builds what the model sees: the instructions, then as many whole earlier exchanges as fit,
/// newest kept, then the new message. Pure. The instructions and the new message are always in,
/// whatever the window.
[[nodiscard]] std::vector<ChatMessage> build_context(const AgentSpec& agent,
    const std::vector<DialogMessage>& history, const DialogMessage& message);

/// Runs agents. Safe to use from any thread.
class Runtime {
public:
    virtual ~Runtime() = default;

    /// Answers `message`: makes sure its user turn is stored, loads the conversation's history,
    /// asks the pool, stores the answer. The model's text goes to `sink` (which may be
    /// empty) while it comes. A message that has its answer already returns that one and asks
    /// nobody, so running twice is harmless. Fails: what the pool and the conversation store
    /// fail with; not_found (unknown agent).
    [[nodiscard]] virtual Task<Result<DialogReply>> run(
        DialogMessage message, llm::ChatSink sink, Deadline deadline) = 0;

    /// Whether `id` names an agent of the configuration.
    [[nodiscard]] virtual bool knows(const AgentId& id) const = 0;
};

/// The references must outlive the runtime. `agents`: at least one.
[[nodiscard]] std::unique_ptr<Runtime> make_runtime(std::vector<AgentSpec> agents, llm::Pool& pool,
    conversations::Conversations& conversations, conversations::DialogWriter& writer,
    const Clock& clock, Log log);

}  // namespace baton::agents

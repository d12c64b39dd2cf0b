// The agent runtime: one run takes one message of a conversation to its answer.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "agents/tool.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "base/result.h"
#include "conversations/conversations.h"
#include "conversations/summaries.h"
#include "llm/pool.h"
#include "model/conversation.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::agents {

/// Where a run ends, whatever the model still wants; held against it before each call of the model.
struct RunLimits {
    std::uint32_t max_steps = 20;  ///< calls of the model, 1..1,000
    std::uint64_t max_tokens = 0;  ///< read and written, over all calls; 0: no limit
    double max_cost = 0;           ///< in the currency of the configuration's prices; 0: no limit
    Duration max_time{0};  ///< since its first call, waits and restarts included; 0: no limit
    bool operator==(const RunLimits&) const = default;
};

/// What becomes of the turns that no longer fit.
enum class ContextPolicy : std::uint8_t {
    trim,      ///< the oldest are left out
    summarise  ///< a model sums them up, once
};

struct AgentSpec {
    AgentId id{"assistant"};
    std::string model = "gpt-4o-mini";
    std::string instructions = "You are a helpful assistant.";
    /// Room for instructions, history and the new message together, in tokens as `estimate_tokens`
    /// counts them.
    std::uint32_t context_tokens = 8'192;
    ContextPolicy context_policy = ContextPolicy::trim;
    std::uint32_t history_max = 100;   ///< earlier messages looked at, 0..1,000
    std::vector<std::string> tools{};  ///< names in the tool box
    RunLimits limits{};
};

/// About how many tokens a text is: 4 bytes of ASCII or 1.5 characters of other scripts make one,
/// plus 4 a message. An estimate on the high side; providers count differently.
[[nodiscard]] std::uint32_t estimate_tokens(std::string_view text) noexcept;

/// Builds what the model sees: the instructions, then as many whole earlier exchanges as fit,
/// newest kept, then the new message. Pure. The instructions and the new message are always in,
/// whatever the window.
[[nodiscard]] std::vector<ChatMessage> build_context(const AgentSpec& agent,
    const std::vector<DialogMessage>& history, const DialogMessage& message);

/// Whether the box has what the agent's `tools` name. Fails: invalid_config (field `agents`) with
/// the nearest name.
[[nodiscard]] Result<void> check_tools(const AgentSpec& agent, const ToolBox& tools);

/// Runs agents. Safe to use from any thread.
class Runtime {
public:
    virtual ~Runtime() = default;

    /// Answers `message`: makes sure its user turn is stored, loads the conversation's history,
    /// asks the model and runs the tools it wants until it answers without, stores the answer.
    /// Each finished call is kept as a step, and a run that finds steps goes on behind them. What
    /// the models say goes to `sink` (which may be empty) while they say it, the kept steps' first:
    /// each run of a message says all of it from the beginning, steps set apart by an empty line.
    /// A message that has its answer already returns that one and asks nobody, so running twice is
    /// harmless.
    /// Fails: what the pool and the conversation store fail with; not_found (unknown agent);
    /// run_limit_exceeded with the limit's name as field; run_waiting when a tool waits for a reply
    /// that is not there yet, or the deadline came after some steps were made: the message is to be
    /// run again after `retry_after`, and nobody is to blame.
    [[nodiscard]] virtual Task<Result<DialogReply>> run(
        DialogMessage message, llm::ChatSink sink, Deadline deadline) = 0;

    /// Whether `id` names an agent of the configuration.
    [[nodiscard]] virtual bool knows(const AgentId& id) const = 0;
};

/// What a runtime works with; all must outlive it.
struct RuntimeDeps {
    llm::Pool& pool;
    conversations::Conversations& conversations;
    conversations::DialogWriter& writer;
    conversations::RunSteps& steps;
    const ToolBox& tools;
    const Clock& clock;
    conversations::Summaries* summaries = nullptr;  ///< null: agents trim, whatever their policy
};

/// `agents`: at least one, whose tools are in the box.
[[nodiscard]] std::unique_ptr<Runtime> make_runtime(
    std::vector<AgentSpec> agents, const RuntimeDeps& deps, Log log);

}  // namespace baton::agents

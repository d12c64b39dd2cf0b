#include <map>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "agents/agent.h"

namespace baton::agents {
namespace {

class AgentRuntime final : public Runtime {
public:
    AgentRuntime(std::vector<AgentSpec> agents, llm::Pool& pool,
        conversations::Conversations& conversations, conversations::DialogWriter& writer,
        const Clock& clock, Log log)
        : pool_(pool),
          conversations_(conversations),
          writer_(writer),
          clock_(clock),
          log_(std::move(log)) {
        for (auto& agent : agents) agents_.emplace(agent.id, std::move(agent));
    }

    Task<Result<DialogReply>> run(
        DialogMessage message, llm::ChatSink sink, Deadline deadline) override {
        const auto agent = agents_.find(message.agent_id);
        if (agent == agents_.end()) {
            co_return fail(Errc::not_found, fmt::format("no agent `{}`", message.agent_id.text));
        }
        BATON_CO_TRY(const DialogMessage stored, co_await stored_turn(std::move(message)));
        if (stored.status == DialogStatus::completed && stored.reply) co_return *stored.reply;
        auto reply = co_await answer(agent->second, stored, std::move(sink), deadline);
        co_return reply;
    }

    bool knows(const AgentId& id) const override { return agents_.contains(id); }

private:
    /// The user's turn as the store has it; added when a crash came between queue and store.
    Task<Result<DialogMessage>> stored_turn(DialogMessage message) {
        auto found = co_await conversations_.get_message(message.id);
        if (found || found.error().code != Errc::message_not_found) co_return found;
        const MessageId id = message.id;
        BATON_CO_TRY(const bool added, co_await conversations_.add_message(std::move(message)));
        log_.debug("added a turn that was missing", {{"message_id", id.text()}, {"added", added}});
        found = co_await conversations_.get_message(id);
        co_return found;
    }

    Task<Result<DialogReply>> answer(const AgentSpec& agent, const DialogMessage& message,
        llm::ChatSink sink, Deadline deadline) {
        std::vector<DialogMessage> history;
        if (agent.history_max > 0) {
            BATON_CO_TRY(history, co_await conversations_.history(
                                      message.conversation_id, message.id, agent.history_max));
        }
        ChatRequest request{
            .model = agent.model, .messages = build_context(agent, history, message)};
        const std::size_t context_size = request.messages.size();
        llm::Asker asker{.session = message.conversation_id.text};
        auto chat =
            co_await pool_.chat(std::move(asker), std::move(request), std::move(sink), deadline);
        if (!chat) co_return fail(std::move(chat).error());

        if (chat->model.empty()) chat->model = agent.model;
        DialogReply reply{.content = std::move(chat->content),
            .model = std::move(chat->model),
            .usage = chat->usage,
            .created_at = clock_.now()};
        BATON_CO_TRY(const bool first, co_await writer_.complete(message.id, reply));
        log_.debug("answered",
            {{"message_id", message.id.text()}, {"agent_id", agent.id.text},
                {"context_messages", context_size}, {"input_tokens", reply.usage.input_tokens},
                {"output_tokens", reply.usage.output_tokens}, {"first", first}});
        if (first) co_return reply;
        auto standing = co_await first_answer(message.id);
        co_return standing;
    }

    /// Another run of the same message was faster: its answer is the answer.
    Task<Result<DialogReply>> first_answer(MessageId id) {
        BATON_CO_TRY(DialogMessage stored, co_await conversations_.get_message(id));
        if (!stored.reply) {
            co_return fail(
                Errc::internal, fmt::format("message {} is completed without a reply", id.text()));
        }
        co_return *std::move(stored.reply);
    }

    std::map<AgentId, AgentSpec> agents_;
    llm::Pool& pool_;
    conversations::Conversations& conversations_;
    conversations::DialogWriter& writer_;
    const Clock& clock_;
    Log log_;
};

}  // namespace

std::unique_ptr<Runtime> make_runtime(std::vector<AgentSpec> agents, llm::Pool& pool,
    conversations::Conversations& conversations, conversations::DialogWriter& writer,
    const Clock& clock, Log log) {
    return std::make_unique<AgentRuntime>(
        std::move(agents), pool, conversations, writer, clock, std::move(log));
}

}  // namespace baton::agents

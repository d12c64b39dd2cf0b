#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "agents/agent.h"
#include "agents/memory.h"
#include "agents/run.h"
#include "base/text.h"
#include "model/codec.h"
#include "model/queue_config.h"

namespace baton::agents {
namespace {

/// The text of a run on its way out; that of each answer stands apart from the one before.
class Speech {
public:
    explicit Speech(llm::ChatSink sink) : sink_(std::move(sink)) {}

    void begin_answer() { is_apart_ = !has_spoken_; }
    void say(const ChatDelta& delta) {
        if (!sink_) return;
        if (!delta.text.empty()) {
            if (!is_apart_) sink_({.text = "\n\n"});
            is_apart_ = has_spoken_ = true;
        }
        sink_(delta);
    }

private:
    llm::ChatSink sink_;
    bool has_spoken_ = false;
    bool is_apart_ = true;
};

/// One run under way; lives in the frame of the coroutine that answers.
struct Work {
    const AgentSpec& agent;
    const DialogMessage& message;
    Memory memory;
    std::vector<ToolSpec> tools;
    std::uint64_t tool_tokens = 0;
    Run run;
    Speech speech;
    Deadline deadline;
    bool has_moved = false;  ///< this try has kept a step
};

std::uint64_t tokens_of(const ToolSpec& tool) {
    return std::uint64_t{estimate_tokens(tool.description)} + estimate_tokens(tool.parameters);
}

ToolResult told(const Error& error) { return {.content = to_string(error), .is_error = true}; }

/// When the run's time is over.
Deadline time_limit(const RunLimits& limits, const Run& run, TimePoint now) {
    if (limits.max_time <= Duration(0)) return Deadline::never();
    const TimePoint end = run.began_at().value_or(now) + limits.max_time;
    return Deadline::after(
        std::max(std::chrono::duration_cast<std::chrono::milliseconds>(end - now), Duration(0)));
}

class AgentRuntime final : public Runtime {
public:
    AgentRuntime(std::vector<AgentSpec> agents, const RuntimeDeps& deps, Log log)
        : deps_(deps), log_(std::move(log)) {
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
        auto found = co_await deps_.conversations.get_message(message.id);
        if (found || found.error().code != Errc::message_not_found) co_return found;
        const MessageId id = message.id;
        BATON_CO_TRY(
            const bool added, co_await deps_.conversations.add_message(std::move(message)));
        log_.debug("added a turn that was missing", {{"message_id", id.text()}, {"added", added}});
        found = co_await deps_.conversations.get_message(id);
        co_return found;
    }

    Task<Result<DialogReply>> answer(const AgentSpec& agent, const DialogMessage& message,
        llm::ChatSink sink, Deadline deadline) {
        Work work{.agent = agent,
            .message = message,
            .memory = {},
            .tools = tools_of(agent, message),
            .run = {},
            .speech = Speech(std::move(sink)),
            .deadline = deadline};
        for (const auto& tool : work.tools) work.tool_tokens += tokens_of(tool);
        auto recalling = recall(deps_, agent, message, log_, deadline);
        BATON_CO_TRY(work.memory, co_await std::move(recalling));
        BATON_CO_TRY_VOID(co_await read_steps(work));
        for (const auto& text : work.run.texts()) {
            work.speech.begin_answer();
            if (!text.empty()) work.speech.say({.text = text});
        }
        auto reply = co_await go_on(work);
        if (!reply && reply.error().code == Errc::deadline_exceeded && work.has_moved) {
            // A long run is not a slow one: what limits it is not the time of one try.
            co_return fail(Error{.code = Errc::run_waiting,
                .detail = "the time of this try is over, the run goes on in the next one",
                .retry_after = Duration(1)});
        }
        co_return reply;
    }

    Task<Result<DialogReply>> go_on(Work& work) {
        while (true) {
            if (work.run.next() == Run::Next::call) {
                BATON_CO_TRY_VOID(co_await call_tool(work));
                continue;
            }
            if (work.run.next() == Run::Next::answer) {
                // The answer of a run that ended before its message was driven anew.
                const auto written =
                    co_await deps_.writer.complete(work.message.id, reply_of(work.run));
                if (!written) co_return fail(written.error());
                co_return co_await first_answer(work.message.id);
            }
            BATON_CO_TRY(auto reply, co_await ask_model(work));
            if (reply) co_return *std::move(reply);
        }
    }

    /// Those of the agent that the message does not exclude.
    std::vector<ToolSpec> tools_of(const AgentSpec& agent, const DialogMessage& message) const {
        const auto focus = focus_of(message.metadata);
        std::vector<ToolSpec> tools;
        for (const auto& name : agent.tools) {
            const Tool* tool = deps_.tools.find(name);
            const bool wanted = !focus || std::ranges::find(*focus, name) != focus->end();
            if (tool != nullptr && wanted) tools.push_back(tool->spec());
        }
        return tools;
    }

    Task<Result<void>> read_steps(Work& work) {
        BATON_CO_TRY(const auto steps, co_await deps_.steps.steps(work.message.id));
        BATON_CO_TRY(work.run, Run::of(steps));
        co_return Result<void>();
    }

    /// Keeps a step before anything else is done. Another run of the same message may have been
    /// faster: then its steps are the ones to go on from.
    Task<Result<void>> keep(Work& work, RunStep step) {
        BATON_CO_TRY(const bool first, co_await deps_.steps.add_step(work.message.id, step));
        work.has_moved = true;
        if (first) co_return work.run.apply(step);
        co_return co_await read_steps(work);
    }

    // The model

    /// The reply when this was the last answer; nothing when the run goes on.
    Task<Result<std::optional<DialogReply>>> ask_model(Work& work) {
        const TimePoint began = deps_.clock.now();
        if (auto over = over_limit(work.agent.limits, work.run, began)) {
            co_return fail(*std::move(over));
        }
        ChatRequest request = request_of(work);
        const std::size_t context_size = request.messages.size();
        work.speech.begin_answer();
        llm::ChatSink sink = [&work](const ChatDelta& delta) { work.speech.say(delta); };
        llm::Asker asker{.tenant = TenantId(std::string(default_tenant)),
            .session = work.message.conversation_id.text};
        const Deadline limit = time_limit(work.agent.limits, work.run, began);
        auto answer = co_await deps_.pool.chat(
            std::move(asker), std::move(request), std::move(sink), work.deadline.min(limit));
        const TimePoint ended = deps_.clock.now();
        if (!answer) {
            auto over = over_time(work.agent.limits, work.run, ended);
            if (over && answer.error().code == Errc::deadline_exceeded) {
                co_return fail(*std::move(over));
            }
            co_return fail(std::move(answer).error());
        }
        if (answer->model.empty()) answer->model = work.agent.model;
        log_.debug("the model answered",
            {{"message_id", work.message.id.text()}, {"agent_id", work.agent.id.text},
                {"context_messages", context_size}, {"tool_calls", answer->tool_calls.size()},
                {"input_tokens", answer->usage.input_tokens},
                {"output_tokens", answer->usage.output_tokens}});
        RunStep step = work.run.answered(*answer, {began, ended});
        if (answer->tool_calls.empty()) co_return co_await finish(work, std::move(step));
        BATON_CO_TRY_VOID(co_await keep(work, std::move(step)));
        co_return std::optional<DialogReply>();
    }

    /// What the run has gathered counts against the window too: history makes room for it, and
    /// what is still too much loses its oldest calls.
    static ChatRequest request_of(const Work& work) {
        AgentSpec agent = work.agent;
        const auto gathered = fit_gathered(work.run.messages(), room_for_gathered(work));
        const std::uint64_t taken = work.run.message_tokens() + work.tool_tokens;
        agent.context_tokens -=
            static_cast<std::uint32_t>(std::min<std::uint64_t>(taken, agent.context_tokens));
        ChatRequest request{.model = agent.model,
            .messages = build_window(agent, work.memory, work.message),
            .tools = work.tools};
        request.messages.insert(request.messages.end(), gathered.begin(), gathered.end());
        return request;
    }

    static std::uint64_t room_for_gathered(const Work& work) {
        const std::uint64_t taken = work.tool_tokens + estimate_tokens(work.agent.instructions) +
                                    estimate_tokens(work.memory.context) +
                                    estimate_tokens(work.memory.summary) +
                                    estimate_tokens(work.message.content);
        return taken < work.agent.context_tokens ? work.agent.context_tokens - taken : 0;
    }

    DialogReply reply_of(const Run& run) const {
        return {.content = run.last_answer().content,
            .model = run.last_answer().model,
            .usage = run.usage(),
            .created_at = deps_.clock.now()};
    }

    Task<Result<std::optional<DialogReply>>> finish(Work& work, RunStep last) {
        Run run = work.run;
        BATON_CO_TRY_VOID(run.apply(last));
        const DialogReply reply = reply_of(run);
        BATON_CO_TRY(
            const bool first, co_await deps_.steps.finish(work.message.id, std::move(last), reply));
        log_.debug(
            "answered", {{"message_id", work.message.id.text()}, {"agent_id", work.agent.id.text},
                            {"steps", run.answers()}, {"first", first}});
        if (first) co_return reply;
        auto standing = co_await first_answer(work.message.id);
        if (!standing) co_return fail(std::move(standing).error());
        co_return *std::move(standing);
    }

    /// Another run of the same message was faster: its answer is the answer.
    Task<Result<DialogReply>> first_answer(MessageId id) {
        BATON_CO_TRY(DialogMessage stored, co_await deps_.conversations.get_message(id));
        if (!stored.reply) {
            co_return fail(
                Errc::internal, fmt::format("message {} is completed without a reply", id.text()));
        }
        co_return *std::move(stored.reply);
    }

    // Tools

    Task<Result<void>> call_tool(Work& work) {
        const TimePoint began = deps_.clock.now();
        BATON_CO_TRY(ToolOutcome outcome, co_await outcome_of(work));
        if (const auto* wait = std::get_if<ToolWait>(&outcome)) {
            if (!work.run.waiting()) {
                // The reply may have come meanwhile: the tool looks again before the run rests.
                co_return co_await keep(work, work.run.waits(*wait, began));
            }
            if (auto over = over_time(work.agent.limits, work.run, began)) {
                co_return fail(*std::move(over));
            }
            co_return fail(still_waiting(*wait, began));
        }
        ToolResult result = std::get<ToolResult>(std::move(outcome));
        if (!is_utf8(result.content)) {
            result = {.content = fmt::format(
                          "the result is no text; it is {} bytes long", result.content.size()),
                .is_error = true};
        }
        result.content = fitted_result(std::move(result.content));
        log_.debug("a tool returned",
            {{"message_id", work.message.id.text()}, {"tool", work.run.open_call().name},
                {"is_error", result.is_error}, {"bytes", result.content.size()}});
        const Run::Span span{began, deps_.clock.now()};
        co_return co_await keep(work, work.run.returned(result, span));
    }

    static Error still_waiting(const ToolWait& wait, TimePoint now) {
        const auto left = std::chrono::duration_cast<Duration>(wait.until - now);
        return {.code = Errc::run_waiting,
            .detail = fmt::format("waits for the reply to {}", wait.message.text()),
            .retry_after = std::clamp(left, Duration(1), look_again)};
    }

    /// What the model did wrong is told to it; what it cannot help fails the run.
    Task<Result<ToolOutcome>> outcome_of(Work& work) {
        const ToolCall& call = work.run.open_call();
        if (!work.run.is_open_call_allowed()) {
            co_return ToolOutcome(ToolResult{
                .content = fmt::format("not called: an answer may call {} tools", tool_calls_max),
                .is_error = true});
        }
        Tool* tool = deps_.tools.find(call.name);
        const bool offered =
            std::ranges::find(work.tools, call.name, &ToolSpec::name) != work.tools.end();
        if (tool == nullptr || !offered) co_return ToolOutcome(unknown_tool(work, call.name));
        auto arguments = parse_json(call.arguments.empty() ? "{}" : call.arguments);
        if (arguments && !arguments->is_object()) {
            arguments = fail(Errc::invalid_argument, "the arguments must be a JSON object");
        }
        if (!arguments) co_return ToolOutcome(told(arguments.error()));
        ToolContext context{.message = work.message,
            .effect_key = work.message.id.text() + '/' + work.run.open_call_name(),
            .waiting = work.run.waiting(),
            .posted = work.run.posted()};
        auto outcome =
            co_await tool->call(*std::move(arguments), std::move(context), work.deadline);
        if (outcome || ends_run(outcome.error().code)) co_return outcome;
        co_return ToolOutcome(told(outcome.error()));
    }

    static ToolResult unknown_tool(const Work& work, const std::string& name) {
        std::string text = fmt::format("there is no tool `{}`; there are:", name);
        for (const auto& tool : work.tools) text += ' ' + tool.name;
        return {.content = std::move(text), .is_error = true};
    }

    /// A run that waits is tried again this often, should nobody tell that the reply is there.
    static constexpr Duration look_again{10'000};

    const RuntimeDeps deps_;
    std::map<AgentId, AgentSpec> agents_;
    Log log_;
};

}  // namespace

std::unique_ptr<Runtime> make_runtime(
    std::vector<AgentSpec> agents, const RuntimeDeps& deps, Log log) {
    return std::make_unique<AgentRuntime>(std::move(agents), deps, std::move(log));
}

}  // namespace baton::agents

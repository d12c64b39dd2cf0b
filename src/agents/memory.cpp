#include "agents/memory.h"

#include <algorithm>
#include <utility>

#include "model/queue_config.h"

namespace baton::agents {
namespace {

constexpr std::string_view summary_head = "Summary of the conversation so far:\n";
constexpr std::string_view summary_task =
    "Summarise the conversation below for an assistant that will carry it on and sees nothing "
    "else of it. Keep names, numbers, decisions, wishes and open questions; leave out greetings. "
    "Write plain text, as short as that allows.";

std::uint64_t tokens_of(const DialogMessage& turn) {
    if (!turn.reply) return 0;
    return std::uint64_t{estimate_tokens(turn.content)} + estimate_tokens(turn.reply->content);
}

std::uint64_t tokens_of(const ChatMessage& message) {
    std::uint64_t tokens = estimate_tokens(message.content);
    for (const auto& call : message.tool_calls) tokens += estimate_tokens(call.arguments);
    return tokens;
}

std::uint64_t tokens_if_any(std::string_view text) {
    return text.empty() ? 0 : estimate_tokens(text);
}

/// What is always in the window.
std::uint64_t fixed_tokens(
    const AgentSpec& agent, const Memory& memory, const DialogMessage& message) {
    return std::uint64_t{estimate_tokens(message.content)} + tokens_if_any(agent.instructions) +
           tokens_if_any(memory.context) + tokens_if_any(memory.summary);
}

/// Index of the oldest exchange of [begin, end) such that it and all behind it fit into `room`.
std::size_t oldest_that_fits(
    const std::vector<DialogMessage>& history, std::size_t end, std::uint64_t room) {
    std::size_t oldest = end;
    std::uint64_t used = 0;
    while (oldest > 0) {
        used += tokens_of(history[oldest - 1]);
        if (used > room) break;
        --oldest;
    }
    return oldest;
}

std::uint64_t room_for_history(
    const AgentSpec& agent, const Memory& memory, const DialogMessage& message) {
    const std::uint64_t fixed = fixed_tokens(agent, memory, message);
    return fixed < agent.context_tokens ? agent.context_tokens - fixed : 0;
}

void append_exchange(std::vector<ChatMessage>& messages, const DialogMessage& turn) {
    if (!turn.reply) return;
    messages.push_back({Role::user, turn.content});
    messages.push_back({Role::assistant, turn.reply->content});
}

/// At most a quarter of the window, cut between characters.
std::string fitted_summary(std::string text, const AgentSpec& agent) {
    std::size_t size = std::min<std::size_t>(text.size(), agent.context_tokens);  // 4 bytes a token
    while (
        size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
        --size;
    text.resize(size);
    return text;
}

Task<Result<void>> summarise(const RuntimeDeps& deps, const AgentSpec& agent,
    const DialogMessage& message, Memory& memory, Log log, Deadline deadline) {
    const std::size_t count = summarised_count(agent, memory, message);
    if (count == 0) co_return Result<void>();
    llm::Asker asker{
        .tenant = TenantId(std::string(default_tenant)), .session = message.conversation_id.text};
    ChatRequest request = summary_request(agent, memory, count);
    auto asking = deps.pool.chat(std::move(asker), std::move(request), {}, deadline);
    auto answer = co_await std::move(asking);
    if (!answer || answer->content.empty()) {
        log.warn("no summary, the oldest turns are trimmed",
            {{"message_id", message.id.text()},
                {"error", answer ? std::string("it is empty") : to_string(answer.error())}});
        co_return Result<void>();
    }
    memory.summary = fitted_summary(std::move(answer->content), agent);
    conversations::Summary made{.conversation_id = message.conversation_id,
        .upto = memory.history[count - 1].id,
        .content = memory.summary,
        .model = answer->model.empty() ? agent.model : answer->model,
        .usage = answer->usage,
        .created_at = deps.clock.now()};
    auto keeping = deps.summaries->keep_summary(std::move(made));
    BATON_CO_TRY_VOID(co_await std::move(keeping));
    memory.history.erase(
        memory.history.begin(), memory.history.begin() + static_cast<std::ptrdiff_t>(count));
    co_return Result<void>();
}

}  // namespace

std::vector<ChatMessage> build_window(
    const AgentSpec& agent, const Memory& memory, const DialogMessage& message) {
    // Backwards from the newest; the first exchange that does not fit ends it, so that what the
    // model sees has no holes.
    const std::size_t oldest = oldest_that_fits(
        memory.history, memory.history.size(), room_for_history(agent, memory, message));
    std::vector<ChatMessage> window;
    window.reserve(4 + 2 * (memory.history.size() - oldest));
    if (!agent.instructions.empty()) window.push_back({Role::system, agent.instructions});
    if (!memory.context.empty()) window.push_back({Role::system, memory.context});
    if (!memory.summary.empty()) {
        window.push_back({Role::system, std::string(summary_head) + memory.summary});
    }
    for (std::size_t i = oldest; i < memory.history.size(); ++i) {
        append_exchange(window, memory.history[i]);
    }
    window.push_back({Role::user, message.content});
    return window;
}

std::size_t summarised_count(
    const AgentSpec& agent, const Memory& memory, const DialogMessage& message) {
    const auto& history = memory.history;
    const std::uint64_t room = room_for_history(agent, memory, message);
    if (oldest_that_fits(history, history.size(), room) == 0) return 0;
    return oldest_that_fits(history, history.size(), room / 2);
}

ChatRequest summary_request(const AgentSpec& agent, const Memory& memory, std::size_t count) {
    const std::uint64_t fixed =
        std::uint64_t{estimate_tokens(summary_task)} + tokens_if_any(memory.summary);
    const std::uint64_t room = fixed < agent.context_tokens ? agent.context_tokens - fixed : 0;
    ChatRequest request{.model = agent.model, .messages = {}, .tools = {}};
    request.messages.push_back({Role::system, std::string(summary_task)});
    std::string told = memory.summary.empty() ? "" : "Earlier: " + memory.summary + "\n\n";
    for (std::size_t i = oldest_that_fits(memory.history, count, room); i < count; ++i) {
        const auto& turn = memory.history[i];
        if (!turn.reply) continue;
        told += "User: " + turn.content + "\nAssistant: " + turn.reply->content + "\n\n";
    }
    request.messages.push_back({Role::user, std::move(told)});
    return request;
}

std::vector<ChatMessage> fit_gathered(
    const std::vector<ChatMessage>& gathered, std::uint64_t room) {
    std::uint64_t used = 0;
    for (const auto& message : gathered) used += tokens_of(message);
    std::size_t first = 0;
    while (used > room) {
        std::size_t next = first + 1;
        while (next < gathered.size() && gathered[next].role == Role::tool) ++next;
        if (next >= gathered.size()) break;  // the last group stays
        for (; first < next; ++first) used -= tokens_of(gathered[first]);
    }
    return {gathered.begin() + static_cast<std::ptrdiff_t>(first), gathered.end()};
}

Task<Result<Memory>> recall(const RuntimeDeps& deps, const AgentSpec& agent,
    const DialogMessage& message, Log log, Deadline deadline) {
    Memory memory;
    BATON_CO_TRY(auto conversation, co_await deps.conversations.get(message.conversation_id));
    memory.context = std::move(conversation.context);
    std::optional<conversations::Summary> summary;
    const bool summarises =
        agent.context_policy == ContextPolicy::summarise && deps.summaries != nullptr;
    if (summarises) {
        auto reading = deps.summaries->summary(message.conversation_id, message.id);
        BATON_CO_TRY(summary, co_await std::move(reading));
    }
    if (summary) memory.summary = summary->content;
    if (agent.history_max > 0) {
        BATON_CO_TRY(memory.history, co_await deps.conversations.history(
                                         message.conversation_id, message.id, agent.history_max));
    }
    if (summary) {
        std::erase_if(
            memory.history, [&](const DialogMessage& turn) { return turn.id <= summary->upto; });
    }
    if (summarises) {
        BATON_CO_TRY_VOID(
            co_await summarise(deps, agent, message, memory, std::move(log), deadline));
    }
    co_return memory;
}

}  // namespace baton::agents

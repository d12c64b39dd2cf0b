#include <algorithm>
#include <limits>

#include "agents/agent.h"

namespace baton::agents {
namespace {

// Role and separators, as OpenAI's chat format counts them.
constexpr std::uint64_t tokens_per_message = 4;

std::uint64_t tokens_of_exchange(const DialogMessage& turn) {
    return std::uint64_t{estimate_tokens(turn.content)} + estimate_tokens(turn.reply->content);
}

}  // namespace

std::uint32_t estimate_tokens(std::string_view text) noexcept {
    std::uint64_t ascii = 0;
    std::uint64_t leads = 0;  // first bytes of characters beyond ASCII
    std::uint64_t rest = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) {
            ++ascii;
        } else if (byte >= 0xC0) {
            ++leads;
        } else {
            ++rest;
        }
    }
    // Bytes that are no UTF-8 must not come for free: at most three follow a first byte.
    const std::uint64_t characters = std::max(leads, (leads + rest + 3) / 4);
    const std::uint64_t tokens = (ascii + 3) / 4 + (characters * 2 + 2) / 3 + tokens_per_message;
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(tokens, std::numeric_limits<std::uint32_t>::max()));
}

std::vector<ChatMessage> build_context(const AgentSpec& agent,
    const std::vector<DialogMessage>& history, const DialogMessage& message) {
    std::uint64_t used = estimate_tokens(message.content);
    if (!agent.instructions.empty()) used += estimate_tokens(agent.instructions);

    // Backwards from the newest; the first exchange that does not fit ends it, so that what the
    // model sees has no holes.
    auto oldest = history.end();
    while (oldest != history.begin()) {
        const auto& turn = *std::prev(oldest);
        const std::uint64_t tokens = turn.reply ? tokens_of_exchange(turn) : 0;
        if (used + tokens > agent.context_tokens) break;
        used += tokens;
        --oldest;
    }

    std::vector<ChatMessage> context;
    context.reserve(2 + 2 * static_cast<std::size_t>(history.end() - oldest));
    if (!agent.instructions.empty()) context.push_back({Role::system, agent.instructions});
    for (auto turn = oldest; turn != history.end(); ++turn) {
        if (!turn->reply) continue;
        context.push_back({Role::user, turn->content});
        context.push_back({Role::assistant, turn->reply->content});
    }
    context.push_back({Role::user, message.content});
    return context;
}

}  // namespace baton::agents

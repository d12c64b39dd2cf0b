#include <algorithm>
#include <limits>

#include "agents/agent.h"
#include "agents/memory.h"

namespace baton::agents {
namespace {

// Role and separators, as OpenAI's chat format counts them.
constexpr std::uint64_t tokens_per_message = 4;

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
    return build_window(agent, {.history = history}, message);
}

}  // namespace baton::agents

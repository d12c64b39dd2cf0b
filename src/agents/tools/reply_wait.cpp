#include "agents/tools/reply_wait.h"

#include <optional>
#include <string>

#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "model/codec.h"

namespace baton::agents {
namespace {

constexpr std::string_view gone = "the message is gone, and has no reply";

ToolOutcome failed(std::string text) {
    return ToolResult{.content = std::move(text), .is_error = true};
}

/// Agents say in the reply's metadata how the run ended.
std::optional<std::string> failure_in(const Reply& reply) {
    const auto metadata = parse_json(reply.metadata);
    if (!metadata || !metadata->is_object()) return std::nullopt;
    const auto* status = metadata->get_object().if_contains("status");
    const auto* error = metadata->get_object().if_contains("error");
    if (status == nullptr || error == nullptr || !status->is_string() || !error->is_string()) {
        return std::nullopt;
    }
    return fmt::format("the message ended as {}: {}", std::string_view(status->get_string()),
        std::string_view(error->get_string()));
}

/// Why no reply will come; nothing when one may.
std::optional<std::string> ended(const Result<MessageView>& found) {
    if (!found) return std::string(gone);
    switch (found->state) {
        case MessageState::done: return "the message was finished without a reply";
        case MessageState::dead: return "the message failed: " + found->dead_reason;
        case MessageState::cancelled: return "the message was cancelled";
        case MessageState::expired: return "the message expired before anybody took it";
        default: return std::nullopt;
    }
}

}  // namespace

Task<Result<ToolOutcome>> look_for_reply(
    const BuiltInDeps& deps, const ToolContext& context, ToolWait wait) {
    // First the state, then the reply: who replies does so before the message is finished.
    const auto found = co_await deps.browser.get(wait.message);
    if (!found && found.error().code != Errc::message_not_found) co_return fail(found.error());
    auto reply = co_await deps.producer.get_reply(wait.message);
    if (!reply) {
        if (reply.error().code == Errc::message_not_found) co_return failed(std::string(gone));
        co_return fail(std::move(reply).error());
    }
    if (reply->has_value()) {
        if (auto failure = failure_in(**reply)) co_return failed(*std::move(failure));
        co_return ToolOutcome(ToolResult{.content = std::string((*reply)->result.view())});
    }
    if (auto end = ended(found)) co_return failed(*std::move(end));
    if (deps.clock.now() >= wait.until) {
        co_return failed(fmt::format(
            "no reply to {} yet; wait_for_reply waits for it again", wait.message.text()));
    }
    if (context.waiting) deps.waker.wake_after(wait, context.message.id);
    co_return ToolOutcome(wait);
}

}  // namespace baton::agents

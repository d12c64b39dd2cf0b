#include "agents/tools/built_in.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "agents/tools/reply_wait.h"
#include "model/json_fields.h"
#include "model/json_text.h"

namespace baton::agents {
namespace {

namespace json = boost::json;

Result<std::string> needed_text(const Fields& fields, std::string_view name) {
    BATON_TRY(const auto text, fields.text(name));
    if (text.empty()) return fields.fail_at(name, "is missing");
    return std::string(text);
}

Result<Fields> fields_of(const json::value& arguments, std::span<const std::string_view> known) {
    return Fields::of(arguments, known, Errc::invalid_argument);
}

Result<ToolWait> wait_of(const Fields& fields, MessageId message, const Clock& clock) {
    BATON_TRY(const auto seconds,
        fields.integer(
            "timeout_s", {.fallback = wait_seconds_default, .min = 1, .max = wait_seconds_max}));
    return ToolWait{.message = message, .until = clock.now() + std::chrono::seconds(seconds)};
}

ToolOutcome posted(MessageId id) {
    return ToolResult{.content = json_text(json::object{{"message_id", id.text()}}), .posted = id};
}

/// A tool of a name, a schema, and a member function.
class BuiltIn : public Tool {
public:
    BuiltIn(ToolSpec spec, const BuiltInDeps& deps) : deps_(deps), spec_(std::move(spec)) {}
    const ToolSpec& spec() const noexcept override { return spec_; }

protected:
    Task<Result<MessageId>> post(QueueName queue, NewMessage message) const {
        std::vector<NewMessage> messages;
        messages.push_back(std::move(message));
        BATON_CO_TRY(
            const auto taken, co_await deps_.producer.post(std::move(queue), std::move(messages)));
        co_return taken.front().id;
    }

    const BuiltInDeps deps_;

private:
    ToolSpec spec_;
};

class SendToAgent final : public BuiltIn {
public:
    explicit SendToAgent(const BuiltInDeps& deps)
        : BuiltIn({.name = "send_to_agent",
                      .description =
                          fmt::format("Sends a message to another agent and returns its answer, or "
                                      "the message's id when it need not wait. Agents: {}.",
                              fmt::join(names(deps), ", ")),
                      .parameters = R"({"type":"object","additionalProperties":false,
"required":["agent","message"],"properties":{
"agent":{"type":"string","description":"Who is asked."},
"message":{"type":"string","description":"All that the agent must know; it does not see this conversation."},
"wait":{"type":"boolean","description":"Whether to wait for the answer; true if absent."},
"timeout_s":{"type":"integer","minimum":1,"maximum":3600,"description":"How long to wait; 300 if absent."}}})"},
              deps) {}

    Task<Result<ToolOutcome>> call(json::value arguments, ToolContext context, Deadline) override {
        if (context.waiting) co_return co_await look_for_reply(deps_, context, *context.waiting);
        static constexpr std::array<std::string_view, 4> known{
            "agent", "message", "wait", "timeout_s"};
        BATON_CO_TRY(const Fields fields, fields_of(arguments, known));
        BATON_CO_TRY(DialogMessage message, message_of(fields, context));
        BATON_CO_TRY(const bool waits, fields.boolean("wait", true));
        BATON_CO_TRY(ToolWait wait, wait_of(fields, {}, deps_.clock));
        NewMessage item = deps_.to_work_item(message);
        item.data.dedup_key = context.effect_key;
        BATON_CO_TRY(wait.message, co_await post(deps_.agent_queue, std::move(item)));
        if (waits) co_return ToolOutcome(wait);
        co_return posted(wait.message);
    }

private:
    static std::vector<std::string_view> names(const BuiltInDeps& deps) {
        std::vector<std::string_view> names;
        for (const auto& agent : deps.agents) names.push_back(agent.view());
        return names;
    }

    Result<DialogMessage> message_of(const Fields& fields, const ToolContext& context) const {
        DialogMessage message;
        BATON_TRY(message.agent_id.text, needed_text(fields, "agent"));
        if (std::ranges::find(deps_.agents, message.agent_id) == deps_.agents.end()) {
            return fields.fail_at("agent",
                fmt::format("no agent has this id; there are: {}", fmt::join(names(deps_), ", ")));
        }
        BATON_TRY(message.content, needed_text(fields, "message"));
        auto conversation = side_conversation(context.message.conversation_id, message.agent_id);
        if (!conversation) {
            return fail(Errc::conflict,
                fmt::format("agents have asked each other {} times over", agent_depth_max));
        }
        message.conversation_id = *std::move(conversation);
        message.user_id = context.message.user_id;
        message.priority = context.message.priority;
        message.metadata = json_text(json::object{{"from_agent", context.message.agent_id.view()},
            {"parent_message", context.message.id.text()}});
        return message;
    }
};

class PostToQueue final : public BuiltIn {
public:
    explicit PostToQueue(const BuiltInDeps& deps)
        : BuiltIn({.name = "post_to_queue",
                      .description = "Posts a message to a queue, for whoever works on it. Returns "
                                     "its id, for wait_for_reply.",
                      .parameters = R"({"type":"object","additionalProperties":false,
"required":["queue","content"],"properties":{
"queue":{"type":"string"},
"content":{"type":"string"},
"priority":{"type":"string","enum":["realtime","high","normal","low"]},
"ordering_key":{"type":"string","description":"Messages of one key are worked on one at a time, in order."},
"delay_s":{"type":"integer","minimum":0,"maximum":31536000}}})"},
              deps) {}

    Task<Result<ToolOutcome>> call(json::value arguments, ToolContext context, Deadline) override {
        static constexpr std::array<std::string_view, 5> known{
            "queue", "content", "priority", "ordering_key", "delay_s"};
        BATON_CO_TRY(const Fields fields, fields_of(arguments, known));
        BATON_CO_TRY(const auto name, needed_text(fields, "queue"));
        BATON_CO_TRY(QueueName queue, parse_queue_name(name));
        if (queue == deps_.agent_queue) {
            co_return fields.fail_at("queue", "agents are reached with send_to_agent");
        }
        NewMessage message;
        BATON_CO_TRY(auto content, needed_text(fields, "content"));
        message.data.content = Bytes(std::move(content));
        BATON_CO_TRY(const auto priority, fields.text("priority"));
        if (!priority.empty()) {
            BATON_CO_TRY(message.data.priority, parse_level(priority));
        }
        BATON_CO_TRY(
            message.data.ordering_key, fields.text("ordering_key", MessageLimits::key_max));
        BATON_CO_TRY(const auto delay, fields.integer("delay_s", {.max = 31'536'000}));
        message.delay = std::chrono::seconds(delay);
        message.data.dedup_key = context.effect_key;
        BATON_CO_TRY(const MessageId id, co_await post(std::move(queue), std::move(message)));
        co_return posted(id);
    }
};

class WaitForReply final : public BuiltIn {
public:
    explicit WaitForReply(const BuiltInDeps& deps)
        : BuiltIn({.name = "wait_for_reply",
                      .description = "Waits for the reply to a message that you have just posted.",
                      .parameters = R"({"type":"object","additionalProperties":false,
"required":["message_id"],"properties":{
"message_id":{"type":"string"},
"timeout_s":{"type":"integer","minimum":1,"maximum":3600,"description":"300 if absent."}}})"},
              deps) {}

    Task<Result<ToolOutcome>> call(json::value arguments, ToolContext context, Deadline) override {
        if (context.waiting) co_return co_await look_for_reply(deps_, context, *context.waiting);
        static constexpr std::array<std::string_view, 2> known{"message_id", "timeout_s"};
        BATON_CO_TRY(const Fields fields, fields_of(arguments, known));
        BATON_CO_TRY(const auto text, needed_text(fields, "message_id"));
        BATON_CO_TRY(const MessageId id, MessageId::parse(text));
        // Ids can be guessed: what others are told is not for this run.
        if (std::ranges::find(context.posted, id) == context.posted.end()) {
            co_return fields.fail_at("message_id", "this run has posted no such message");
        }
        BATON_CO_TRY(const ToolWait wait, wait_of(fields, id, deps_.clock));
        co_return co_await look_for_reply(deps_, context, wait);
    }
};

class ReadConversation final : public BuiltIn {
public:
    explicit ReadConversation(const BuiltInDeps& deps)
        : BuiltIn({.name = "read_conversation",
                      .description = "Earlier messages of this conversation with their answers, "
                                     "oldest first: also those that are too old to be in view.",
                      .parameters = R"({"type":"object","additionalProperties":false,"properties":{
"before":{"type":"string","description":"A message_id: only older ones; absent: the newest ones."},
"limit":{"type":"integer","minimum":1,"maximum":50,"description":"10 if absent."}}})"},
              deps) {}

    Task<Result<ToolOutcome>> call(json::value arguments, ToolContext context, Deadline) override {
        static constexpr std::array<std::string_view, 2> known{"before", "limit"};
        BATON_CO_TRY(const Fields fields, fields_of(arguments, known));
        MessageId before = context.message.id;
        BATON_CO_TRY(const auto text, fields.text("before"));
        if (!text.empty()) {
            BATON_CO_TRY(before, MessageId::parse(text));
        }
        BATON_CO_TRY(
            const auto limit, fields.integer("limit", {.fallback = 10, .min = 1, .max = 50}));
        BATON_CO_TRY(const auto turns,
            co_await deps_.conversations.history(context.message.conversation_id,
                std::min(before, context.message.id), static_cast<std::uint32_t>(limit)));
        json::array shown;
        for (const auto& turn : turns) {
            json::object object{{"message_id", turn.id.text()}, {"user", turn.content}};
            if (turn.reply) object["assistant"] = turn.reply->content;
            shown.push_back(std::move(object));
        }
        co_return ToolOutcome(ToolResult{.content = json_text(shown)});
    }
};

}  // namespace

std::optional<ConversationId> side_conversation(const ConversationId& from, const AgentId& to) {
    std::string_view root = from.view();
    unsigned depth = 0;
    if (const auto mark = root.find('~'); mark != std::string_view::npos) {
        const std::string_view rest = root.substr(mark + 1);
        std::from_chars(rest.data(), rest.data() + rest.size(), depth);
        root = root.substr(0, mark);
    }
    if (depth >= agent_depth_max) return std::nullopt;
    return ConversationId(fmt::format("{}~{}~{}", root, depth + 1, to.text));
}

void add_built_in_tools(ToolBox& box, const BuiltInDeps& deps) {
    box.add(std::make_unique<SendToAgent>(deps));
    box.add(std::make_unique<PostToQueue>(deps));
    box.add(std::make_unique<WaitForReply>(deps));
    box.add(std::make_unique<ReadConversation>(deps));
}

}  // namespace baton::agents

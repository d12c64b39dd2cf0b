// Messages to agents and their conversations: the main job, as every protocol reaches it.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "access/access.h"
#include "agents/agent.h"
#include "base/clock.h"
#include "base/log.h"
#include "conversations/conversations.h"
#include "dispatch/preprocessor.h"
#include "queue/queues.h"
#include "service/user_admission.h"

namespace baton::service {

using conversations::ConversationFilter;
using conversations::MessageFilter;
using conversations::Page;
using conversations::PageRequest;

struct MessageLimits {
    /// Bytes of one message's text. The queue keeps it inside a work item of at most 1 MiB; JSON
    /// may write a control character as six bytes, so what counts is the written form.
    static constexpr std::size_t content_max =
        1'048'576 - 16'384 - baton::MessageLimits::metadata_max;
    static constexpr std::size_t user_id_max = 128;
    static constexpr std::size_t title_max = 512;
    static constexpr std::size_t context_max = 16'384;
    static constexpr std::size_t tier_max = 64;
    static constexpr Duration wait_max{60'000};
    static constexpr std::uint32_t page_size_max = 100;
};

struct MessageServiceConfig {
    AgentId default_agent{"assistant"};
    std::uint32_t max_retries = 3;  ///< as the dispatcher has it; shown with each message
    Duration timeout{30'000};       ///< one run, as the dispatcher has it; shown with each message
    dispatch::PreprocessorConfig rules{};
    /// A conversation without a time of its own ends when it was idle for so long; 0: never.
    Duration idle_time{0};
    UserLimits user_limits{};
};

/// A message for an agent, as a user wrote it.
struct OutgoingMessage {
    std::optional<ConversationId> conversation_id{};  ///< absent: a new conversation
    std::optional<UserId> user_id{};                  ///< absent: "anonymous"
    std::optional<AgentId> agent_id{};                ///< absent: the default agent
    std::string content;                              ///< 1..content_max bytes of UTF-8
    std::optional<Level> priority{};                  ///< absent: as the rules say
    /// A JSON object as text; empty: none. Rules look at its `urgency`, and at its `tier` when the
    /// user's record has none.
    std::string metadata;
    /// A second message with it, for as long as the queue remembers, is the first one; up to
    /// baton::MessageLimits::key_max bytes, which no chat uses. Empty: none.
    std::string dedup_key{};
};

/// A message as it stands.
struct SentMessage {
    DialogMessage message{};
    bool is_repeat = false;  ///< an earlier one had the same dedup key: this one
};

struct NewConversation {
    std::optional<UserId> user_id{};  ///< absent: "anonymous"
    std::string title;                ///< 0..title_max bytes of UTF-8
    std::string context;              ///< 0..context_max bytes of UTF-8
    std::optional<TimePoint> expires_at{};
    Level priority = Level::normal;
    std::string metadata;  ///< a JSON object as text; empty: none
    /// Absent: a random one. Random all the same when given, so whoever made one with it asked for
    /// this very conversation.
    std::optional<ConversationId> id{};
};

struct MadeConversation {
    Conversation conversation{};
    bool is_repeat = false;  ///< it was there
};

/// Sends messages to agents and shows what became of them. Safe to use from any thread; tasks
/// resume on the caller's executor. `who` and the service must outlive the task.
class MessageService final {
public:
    /// The references must outlive the service. The LLM queue must exist. Without `users` nobody
    /// has a record, and nothing is counted.
    MessageService(queue::Queues& queues, conversations::Conversations& conversations,
        const agents::Runtime& agents, const Clock& clock, MessageServiceConfig config, Log log,
        conversations::Users* users = nullptr);

    /// Validates, posts to the LLM queue (durable: from here on it will be answered), then writes
    /// the user's turn. A failing second write does not take the message back; worker and start-up
    /// check repair it. Returns the message as it stands. Fails: invalid_argument (Error.field:
    /// content, user_id, agent_id, metadata), message_too_large, conversation_not_found (a given
    /// one is unknown or over), conflict (it is completed or archived), rate_limited (the user has
    /// sent enough), already_exists (field Idempotency-Key: the dedup key is of a message that says
    /// something else), message_not_found (of one that has been deleted), and as Producer::post.
    [[nodiscard]] Task<Result<SentMessage>> send(
        const access::Identity& who, OutgoingMessage message);

    /// The message as it stands after waiting up to `wait` (0 .. wait_max) for its end.
    /// Fails: message_not_found, invalid_argument (wait).
    [[nodiscard]] Task<Result<DialogMessage>> get(
        const access::Identity& who, MessageId id, Duration wait);

    [[nodiscard]] Task<Result<Page<DialogMessage>>> list(
        const access::Identity& who, MessageFilter filter, PageRequest page);

    [[nodiscard]] Task<Result<MadeConversation>> create_conversation(
        const access::Identity& who, NewConversation conversation);
    /// Fails: conversation_not_found.
    [[nodiscard]] Task<Result<Conversation>> get_conversation(
        const access::Identity& who, ConversationId id);
    [[nodiscard]] Task<Result<Page<Conversation>>> list_conversations(
        const access::Identity& who, ConversationFilter filter, PageRequest page);
    /// The user's turns of one conversation with their answers. Fails: conversation_not_found.
    [[nodiscard]] Task<Result<Page<DialogMessage>>> conversation_messages(
        const access::Identity& who, ConversationId id, PageRequest page);

    /// From now on no `get` waits; those that do return within a moment. For the daemon's end.
    void end_waits() noexcept { waits_ended_.store(true, std::memory_order_relaxed); }

    [[nodiscard]] const MessageServiceConfig& config() const noexcept { return config_; }

private:
    [[nodiscard]] Result<DialogMessage> validated(OutgoingMessage message) const;
    [[nodiscard]] Task<Result<DialogMessage>> look(MessageId id);
    /// The message that had the dedup key of `again` first; has its id.
    [[nodiscard]] Task<Result<SentMessage>> first_of(DialogMessage again, bool in_conversation);
    /// One that is not over. Fails: conversation_not_found.
    [[nodiscard]] Task<Result<Conversation>> visible(ConversationId id);

    queue::Queues& queues_;
    conversations::Conversations& conversations_;
    const agents::Runtime& agents_;
    const Clock& clock_;
    MessageServiceConfig config_;
    Log log_;
    UserAdmission users_;
    std::atomic<bool> waits_ended_{false};
};

/// Whether nothing more will happen to a message.
[[nodiscard]] bool is_final(DialogStatus status) noexcept;

}  // namespace baton::service

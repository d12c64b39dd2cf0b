// Chats with models, durable or passed through: the use cases behind OpenAI's routes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "access/access.h"
#include "base/clock.h"
#include "base/result.h"
#include "dispatch/intake.h"
#include "llm/pool.h"
#include "model/chat.h"
#include "queue/queues.h"
#include "runtime/deadline.h"
#include "runtime/task.h"
#include "service/chat_merge.h"
#include "service/user_admission.h"

namespace baton::service {

struct ChatLimits {
    static constexpr std::size_t idempotency_key_max = 200;
    static constexpr std::size_t session_max = 256;
    static constexpr std::size_t embedding_inputs_max = 2'048;
};

/// A chat as a client asks for it.
struct ChatOrder {
    ChatRequest request{};
    /// On whose behalf: their limits count, and rules look at their tier; absent: nobody's.
    std::optional<UserId> user{};
    std::string session{};            ///< chats with one stay with an endpoint; empty: none
    std::optional<Level> priority{};  ///< absent: by the rules of the preprocessor
    std::string idempotency_key{};    ///< a second order with it is the first one; empty: none
    std::string metadata{};           ///< a JSON object kept with the message; empty: none
    Duration ttl{0};                  ///< it is pointless after so long; 0: never
    bool coalesce = false;            ///< joins an equal order of this key that is not finished
    std::string echo{};          ///< a JSON object that the chat keeps to its end and behind it
    bool keeps_context = false;  ///< others may go on from it: see `context`
};

/// A chat that is stored: it will be answered, whatever happens.
struct AcceptedChat {
    MessageId id{};
    bool duplicate = false;  ///< an earlier order had the same idempotency key; `id` is that one's
    TimePoint at{};
};

/// What a stored chat said since the last look.
struct ChatProgress {
    struct Piece {
        std::uint64_t offset = 0;  ///< of the output event
        std::uint32_t index = 0;   ///< of the piece within its event
        ChatDelta delta{};
    };
    std::vector<Piece> pieces{};
    std::optional<ChatResult> result{};  ///< the answer, once it is whole
};

/// Follows one stored chat. One call at a time; cancelling it withdraws the wait and loses nothing.
class ChatReader final {
public:
    /// Pieces of events before `from`, and the first `skip` of that one, are not told again.
    /// `queues` must outlive it.
    ChatReader(queue::Queues& queues, MessageId id, std::uint64_t from = 0, std::uint32_t skip = 0)
        : queues_(queues), id_(id), tell_from_(from), skip_(skip) {}

    /// As soon as there is something, or after `wait` with nothing. Fails: what the chat failed
    /// with; conflict (see ChatMerge); cancelled; message_not_found (unknown, no chat, or its
    /// answer is no longer kept).
    [[nodiscard]] Task<Result<ChatProgress>> next(Duration wait);

private:
    Result<void> take(const OutputPage& page, ChatProgress& progress);
    Task<Result<ChatProgress>> look(Deadline deadline);
    Task<Result<ChatProgress>> finish(std::optional<Reply> reply, ChatProgress progress);

    queue::Queues& queues_;
    MessageId id_;
    std::uint64_t tell_from_;
    std::uint32_t skip_;
    std::uint64_t next_ = 0;
    ChatMerge merge_;
};

/// A chat that was accepted, as it stands.
struct StoredChat {
    MessageState state = MessageState::ready;
    std::string model{};  ///< as ordered; of one that has ended: as it was answered
    TimePoint at{};       ///< accepted; of one that has ended: answered
    std::string echo{};   ///< as ordered; empty: none, or no longer kept
};

/// A conversation up to the end of a stored chat.
struct ChatContext {
    std::vector<ChatMessage> messages{};  ///< what was asked, then the answer
    std::string echo{};                   ///< of the chat; empty: none
};

/// Safe to use from any thread; tasks resume on the caller's executor.
class ChatService final {
public:
    /// The references must outlive the service. The LLM queue must exist.
    ChatService(queue::Queues& queues, dispatch::Intake& intake, llm::Pool& pool,
        const Clock& clock, UserAdmission users)
        : queues_(queues), intake_(intake), pool_(pool), clock_(clock), users_(std::move(users)) {}

    /// What is left of the limits of models that bind who asks.
    [[nodiscard]] llm::Rooms rooms(const access::Identity& who, std::string_view model) const;

    /// Stores the chat; from here on it will be answered. Fails: not_found (model),
    /// invalid_argument (user), rate_limited (the user has sent enough), and as Intake::post.
    [[nodiscard]] Task<Result<AcceptedChat>> submit(const access::Identity& who, ChatOrder order);

    /// The answer of a stored chat; nothing when the deadline comes first. Fails: what the chat
    /// failed with; message_not_found.
    [[nodiscard]] Task<Result<std::optional<ChatResult>>> wait(
        const access::Identity& who, MessageId id, Deadline deadline);

    [[nodiscard]] ChatReader follow(MessageId id, std::uint64_t from = 0, std::uint32_t skip = 0) {
        return {queues_, id, from, skip};
    }

    /// Fails: message_not_found (unknown, or no chat).
    [[nodiscard]] Task<Result<StoredChat>> find(const access::Identity& who, MessageId id);

    /// What a chat that goes on from this one has before its own words. Fails: message_not_found
    /// (unknown, no chat, made to keep no context, or not kept any more), conflict (it has no
    /// answer, or none yet).
    [[nodiscard]] Task<Result<ChatContext>> context(const access::Identity& who, MessageId id);

    /// A chat that waits is gone, one that runs is aborted. Fails: message_not_found.
    [[nodiscard]] Task<Result<void>> cancel(const access::Identity& who, MessageId id);

    /// Asks at once, without the queue; nothing is stored. Fails: as `submit` for its user, and as
    /// llm::Pool::chat.
    [[nodiscard]] Task<Result<ChatResult>> pass_through(
        const access::Identity& who, ChatOrder order, llm::ChatSink sink, Deadline deadline);

    /// Fails: invalid_argument (input), and as llm::Pool::embed.
    [[nodiscard]] Task<Result<EmbeddingResult>> embed(
        const access::Identity& who, EmbeddingRequest request, Deadline deadline);

    [[nodiscard]] std::vector<std::string> models() const { return pool_.models(); }
    [[nodiscard]] bool serves(std::string_view model) const { return pool_.serves(model); }
    [[nodiscard]] const Clock& clock() const noexcept { return clock_; }

private:
    [[nodiscard]] Result<void> check(const access::Identity& who, const ChatOrder& order) const;
    /// Counts the order for its user; the tier. Fails: rate_limited.
    [[nodiscard]] Task<Result<std::string>> admit(const std::optional<UserId>& user) const;

    queue::Queues& queues_;
    dispatch::Intake& intake_;
    llm::Pool& pool_;
    const Clock& clock_;
    UserAdmission users_;
};

}  // namespace baton::service

// The conversation store in a map.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conversations/conversations.h"

namespace baton::test {

/// All ports over one map, with the rules of conversations/conversations.h; pages by number, or by
/// the `next` of one that was cut; `total` is exact. Use on one executor. Every call suspends once.
class FakeConversations final : public conversations::Conversations,
                                public conversations::DialogWriter,
                                public conversations::RunSteps,
                                public conversations::Keeper,
                                public conversations::Users,
                                public conversations::Summaries,
                                public conversations::Search {
public:
    /// Asked before each call with its name; an error it gives is the call's answer.
    std::function<std::optional<Error>(std::string_view call)> fault;
    /// Calls made, by name.
    std::map<std::string, std::uint64_t, std::less<>> calls;

    /// The message as it is now; nothing when there is none.
    [[nodiscard]] std::optional<DialogMessage> message(MessageId id) const;
    [[nodiscard]] std::size_t message_count() const { return messages_.size(); }

    Task<Result<bool>> create(Conversation conversation) override;
    Task<Result<Conversation>> get(ConversationId id) override;
    Task<Result<conversations::Page<Conversation>>> list(
        conversations::ConversationFilter filter, conversations::PageRequest page) override;
    Task<Result<bool>> add_message(DialogMessage message) override;
    Task<Result<DialogMessage>> get_message(MessageId id) override;
    Task<Result<conversations::Page<DialogMessage>>> list_messages(
        conversations::MessageFilter filter, conversations::PageRequest page) override;
    Task<Result<std::vector<DialogMessage>>> history(
        ConversationId id, MessageId before, std::uint32_t limit) override;

    Task<Result<void>> mark_processing(
        MessageId id, std::uint32_t retry_count, TimePoint at) override;
    Task<Result<void>> mark_waiting(
        MessageId id, std::uint32_t retry_count, std::string error, TimePoint at) override;
    Task<Result<bool>> complete(MessageId id, DialogReply reply) override;
    Task<Result<void>> fail(conversations::FailedRun run) override;
    Task<Result<std::vector<MessageId>>> unfinished(
        std::optional<MessageId> after, std::uint32_t limit) override;

    Task<Result<std::vector<conversations::RunStep>>> steps(MessageId id) override;
    Task<Result<conversations::StepPage>> step_page(
        MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit) override;
    Task<Result<bool>> add_step(MessageId id, conversations::RunStep step) override;
    Task<Result<bool>> finish(
        MessageId id, conversations::RunStep last, DialogReply reply) override;

    Task<Result<Conversation>> change(
        ConversationId id, conversations::ConversationChange change, TimePoint at) override;
    Task<Result<void>> remove(ConversationId id, TimePoint at) override;
    Task<Result<std::uint64_t>> remove_expired(
        TimePoint now, TimePoint idle_since, std::uint32_t limit) override;
    Task<Result<std::vector<ConversationId>>> removed(
        ConversationId after, std::uint32_t limit) override;
    Task<Result<std::vector<MessageId>>> unfinished_of(
        ConversationId id, std::uint32_t limit) override;
    Task<Result<std::uint64_t>> purge(
        ConversationId id, std::uint32_t limit, TimePoint stones_before) override;
    Task<Result<void>> delete_message(MessageId id) override;
    Task<Result<void>> reopen(MessageId id, TimePoint at) override;

    Task<Result<User>> put_user(User user) override;
    Task<Result<std::optional<User>>> find_user(UserId id) override;
    Task<Result<conversations::UserPage>> list_users(UserId after, std::uint32_t limit) override;
    Task<Result<bool>> delete_user(UserId id) override;
    Task<Result<void>> count_message(
        UserId id, conversations::QuotaDefaults limits, TimePoint at) override;
    Task<Result<void>> forget_counts(TimePoint before, std::uint32_t limit) override;

    Task<Result<std::optional<conversations::Summary>>> summary(
        ConversationId id, MessageId before) override;
    Task<Result<void>> keep_summary(conversations::Summary summary) override;

    /// Finds texts that have the whole of the request's in them; one page of all.
    Task<Result<conversations::SearchPage<conversations::MessageHit>>> search_messages(
        conversations::SearchRequest request) override;
    Task<Result<conversations::SearchPage<Conversation>>> search_conversations(
        conversations::SearchRequest request) override;

    /// The steps of a message as they are now.
    [[nodiscard]] const std::vector<conversations::RunStep>& kept_steps(MessageId id) {
        return steps_[id];
    }

private:
    bool write_reply(DialogMessage& message, DialogReply reply);
    Task<Result<void>> enter(std::string_view call);

    std::map<std::string, Conversation> conversations_;
    std::map<MessageId, DialogMessage> messages_;
    std::map<MessageId, std::vector<conversations::RunStep>> steps_;
    std::map<std::string, TimePoint> removed_;  ///< conversations that are hidden
    std::map<std::string, User> users_;
    std::vector<conversations::Summary> summaries_;
    std::map<std::string, std::uint32_t> counts_;  ///< for ever: the fake knows no windows
};

}  // namespace baton::test

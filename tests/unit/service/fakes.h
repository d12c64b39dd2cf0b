// What a service stands on, without disks and models: conversations in a map, agents that only have names.
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agents/agent.h"
#include "conversations/conversations.h"

namespace baton::test {

/// Keeps rows in memory; `break_with` makes every call fail until it is mended. Safe from any thread.
class FakeConversations final : public conversations::Conversations {
public:
    void break_with(Error error) {
        const std::scoped_lock lock(mutex_);
        broken_ = std::move(error);
    }
    void mend() {
        const std::scoped_lock lock(mutex_);
        broken_.reset();
    }

    void set_status(MessageId id, DialogStatus status) {
        const std::scoped_lock lock(mutex_);
        messages_.at(id).status = status;
    }
    void complete(MessageId id, std::string content) {
        const std::scoped_lock lock(mutex_);
        DialogMessage& row = messages_.at(id);
        row.status = DialogStatus::completed;
        row.completed_at = row.created_at;
        row.reply = DialogReply{.content = std::move(content), .model = "echo", .usage = {3, 4},
            .created_at = row.created_at};
    }
    [[nodiscard]] std::size_t message_count() const {
        const std::scoped_lock lock(mutex_);
        return messages_.size();
    }
    [[nodiscard]] std::size_t conversation_count() const {
        const std::scoped_lock lock(mutex_);
        return conversations_.size();
    }

    Task<Result<bool>> create(Conversation conversation) override {
        const std::scoped_lock lock(mutex_);
        if (broken_) co_return fail(*broken_);
        const std::string key = conversation.id.text;
        co_return conversations_.emplace(key, std::move(conversation)).second;
    }

    Task<Result<Conversation>> get(ConversationId id) override {
        const std::scoped_lock lock(mutex_);
        if (broken_) co_return fail(*broken_);
        const auto found = conversations_.find(id.text);
        if (found == conversations_.end()) {
            co_return fail(Errc::conversation_not_found, "no conversation has this id");
        }
        co_return found->second;
    }

    Task<Result<conversations::Page<Conversation>>> list(
        conversations::ConversationFilter filter, conversations::PageRequest page) override {
        const std::scoped_lock lock(mutex_);
        if (broken_) co_return fail(*broken_);
        std::vector<Conversation> all;
        for (const auto& [id, conversation] : conversations_) {
            if (filter.user_id && conversation.user_id != *filter.user_id) continue;
            if (filter.state && conversation.state != *filter.state) continue;
            all.push_back(conversation);
        }
        co_return cut(std::move(all), page);
    }

    Task<Result<bool>> add_message(DialogMessage message) override {
        const std::scoped_lock lock(mutex_);
        if (broken_) co_return fail(*broken_);
        Conversation conversation;
        conversation.id = message.conversation_id;
        conversation.user_id = message.user_id;
        conversations_.emplace(conversation.id.text, conversation);
        const MessageId id = message.id;
        co_return messages_.emplace(id, std::move(message)).second;
    }

    Task<Result<DialogMessage>> get_message(MessageId id) override {
        const std::scoped_lock lock(mutex_);
        if (broken_) co_return fail(*broken_);
        const auto found = messages_.find(id);
        if (found == messages_.end()) {
            co_return fail(Errc::message_not_found, "no message has this id");
        }
        co_return found->second;
    }

    Task<Result<conversations::Page<DialogMessage>>> list_messages(
        conversations::MessageFilter filter, conversations::PageRequest page) override {
        const std::scoped_lock lock(mutex_);
        if (broken_) co_return fail(*broken_);
        std::vector<DialogMessage> all;
        for (const auto& [id, message] : messages_) {
            if (filter.conversation_id && message.conversation_id != *filter.conversation_id) continue;
            if (filter.user_id && message.user_id != *filter.user_id) continue;
            if (filter.status && message.status != *filter.status) continue;
            if (filter.priority && message.priority != *filter.priority) continue;
            all.push_back(message);
        }
        co_return cut(std::move(all), page);
    }

    Task<Result<std::vector<DialogMessage>>> history(
        ConversationId, MessageId, std::uint32_t) override {
        co_return std::vector<DialogMessage>();
    }

private:
    template <class T>
    static conversations::Page<T> cut(std::vector<T> all, const conversations::PageRequest& page) {
        if (page.descending) std::ranges::reverse(all);
        conversations::Page<T> result;
        result.total = all.size();
        const std::size_t from =
            std::min<std::size_t>(all.size(), std::size_t{page.page - 1} * page.page_size);
        const std::size_t to = std::min<std::size_t>(all.size(), from + page.page_size);
        for (std::size_t i = from; i < to; ++i) result.items.push_back(all[i]);
        if (to < all.size()) result.next = "more";
        return result;
    }

    mutable std::mutex mutex_;
    std::optional<Error> broken_;
    std::map<std::string, Conversation> conversations_;
    std::map<MessageId, DialogMessage> messages_;
};

/// Knows the agents `assistant` and `poet`; runs none.
class FakeAgents final : public agents::Runtime {
public:
    Task<Result<DialogReply>> run(DialogMessage, Deadline) override {
        co_return fail(Errc::unsupported, "a fake runs nothing");
    }
    [[nodiscard]] bool knows(const AgentId& id) const override {
        return id.view() == "assistant" || id.view() == "poet";
    }
};

}  // namespace baton::test

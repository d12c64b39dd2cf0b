// What the conformance tests of the Queues port share: one queue `q` on every store, called in few
// words.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "support/queue_harness.h"

namespace baton::test {

using Texts = std::vector<std::string>;

class QueuesTest : public ::testing::TestWithParam<StoreKind> {
protected:
    queue::Queues& queues() { return h.queues(); }
    const QueueName q{"q"};

    bool make(QueueConfig config = {}) { return must(h.run(queues().put_queue(q, config))); }

    Result<std::vector<PostedMessage>> try_post(const std::vector<Letter>& letters) {
        return h.run(queues().post(q, messages_of(letters)));
    }
    std::vector<PostedMessage> post(const std::vector<Letter>& letters) {
        return must(try_post(letters));
    }
    MessageId post_one(const Letter& letter = {}) { return post({letter}).front().id; }

    std::vector<LeasedMessage> pop(
        std::uint32_t max = 1, Duration lease = Duration(30'000), std::optional<Level> level = {}) {
        return must(h.run(queues().pop({.queue = q, .max = max, .lease = lease, .level = level})));
    }
    /// Pops exactly one.
    LeasedMessage take(Duration lease = Duration(30'000)) {
        auto popped = pop(1, lease);
        if (popped.size() != 1) throw std::runtime_error("nothing to pop");
        return std::move(popped.front());
    }
    Texts pop_texts(std::uint32_t max = 1'000) { return texts_of(pop(max)); }
    static Texts texts_of(const std::vector<LeasedMessage>& popped) {
        Texts texts;
        for (const auto& leased : popped) texts.emplace_back(text_of(leased.message));
        return texts;
    }
    static std::string text_of(const MessageView& view) {
        return view.data ? std::string(view.data->content.view()) : "(no data)";
    }
    /// For comparing views: what a message says is compared by itself, not by where it lies.
    static std::vector<std::pair<MessageView, MessageData>> apart(std::vector<MessageView> views) {
        std::vector<std::pair<MessageView, MessageData>> pairs;
        for (auto& view : views) {
            const auto data = std::exchange(view.data, nullptr);
            pairs.emplace_back(std::move(view), data ? *data : MessageData{});
        }
        return pairs;
    }
    Pending<Result<std::vector<LeasedMessage>>> start_pop(
        Deadline wait = Deadline::never(), std::optional<Level> level = {}) {
        return h.start(queues().pop({.queue = q, .wait = wait, .level = level}));
    }

    Result<void> ack(const Receipt& receipt) { return h.run(queues().ack(receipt)); }
    Result<queue::NackOutcome> nack(queue::NackRequest request) {
        return h.run(queues().nack(std::move(request)));
    }
    Result<void> reply(MessageId id, const std::string& text) {
        return h.run(queues().reply(id, Bytes(text), ""));
    }
    /// The reply's text; "-" when there is none.
    std::string reply_text(MessageId id) {
        const auto reply = must(h.run(queues().get_reply(id)));
        return reply ? std::string(reply->result.view()) : "-";
    }
    QueueStats stats() { return must(h.run(queues().stats(q))); }
    Result<MessageView> get(MessageId id) { return h.run(queues().get(id)); }
    std::string state_of(MessageId id) {
        const auto view = get(id);
        return view ? std::string(to_string(view->state)) : outcome(view);
    }
    std::vector<MessageView> peek(std::optional<MessageState> state = {}, std::uint64_t after = 0,
        std::uint32_t limit = 1'000) {
        return must(
            h.run(queues().peek({.queue = q, .state = state, .after_seq = after, .limit = limit})))
            .messages;
    }
    Texts peek_texts(std::optional<MessageState> state = {}) {
        Texts texts;
        for (const auto& view : peek(state)) texts.push_back(text_of(view));
        return texts;
    }

    /// Holds stats against what peek shows.
    void expect_stats_match_peek() {
        const auto stats = this->stats();
        QueueStats seen;
        for (const auto& view : peek()) {
            auto& level = seen.levels[static_cast<std::size_t>(view.level)];
            seen.used_storage += view.data->content.size();
            seen.scheduled += view.state == MessageState::scheduled ? 1 : 0;
            seen.dead += view.state == MessageState::dead ? 1 : 0;
            level.ready += view.state == MessageState::ready ? 1 : 0;
            level.leased += view.state == MessageState::leased ? 1 : 0;
        }
        for (const auto& level : seen.levels) {
            seen.ready += level.ready;
            seen.leased += level.leased;
        }
        EXPECT_EQ(stats.scheduled, seen.scheduled);
        EXPECT_EQ(stats.ready, seen.ready);
        EXPECT_EQ(stats.leased, seen.leased);
        EXPECT_EQ(stats.dead, seen.dead);
        EXPECT_EQ(stats.levels, seen.levels);
        EXPECT_EQ(stats.used_storage, seen.used_storage);
        EXPECT_EQ(stats.message_count, seen.scheduled + seen.ready + seen.leased);
    }

    QueueHarness h{GetParam()};
};

inline const auto all_stores = ::testing::Values(StoreKind{}, StoreKind{.cold = true},
    StoreKind{.sqlite = true}, StoreKind{.sqlite = true, .cold = true}, StoreKind{.journal = true},
    StoreKind{.cold = true, .journal = true}, StoreKind{.jetstream = true},
    StoreKind{.cold = true, .jetstream = true}, StoreKind{.remote = true},
    StoreKind{.cold = true, .remote = true});

inline std::string store_name(const ::testing::TestParamInfo<StoreKind>& info) {
    return info.param.name();
}

}  // namespace baton::test

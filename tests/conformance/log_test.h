// What the conformance tests of the Log port share: the log `q` and its subscription `s`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conformance/queues_test.h"

namespace baton::test {

class LogTest : public QueuesTest {
protected:
    const SubscriptionName s{"s"};

    void make_log(QueueConfig config = {}) {
        config.mode = QueueMode::log;
        make(std::move(config));
    }
    void post_texts(const Texts& texts) {
        std::vector<Letter> letters;
        for (const auto& text : texts) letters.push_back({.text = text});
        post(letters);
    }
    Result<std::uint64_t> subscribe(LogStart start = {}, const std::string& name = "s") {
        return h.run(queues().subscribe(q, SubscriptionName(name), start));
    }
    Result<std::vector<MessageView>> try_fetch(queue::FetchRequest request) {
        request.queue = q;
        if (request.subscription.empty()) request.subscription = s;
        return h.run(queues().fetch(std::move(request)));
    }
    static Texts texts_of(const std::vector<MessageView>& views) {
        Texts texts;
        for (const auto& view : views) texts.emplace_back(text_of(view));
        return texts;
    }
    Texts fetch(std::optional<std::uint64_t> after = {}, std::uint32_t max = 1'000) {
        return texts_of(must(try_fetch({.after = after, .max = max})));
    }
    Pending<Result<std::vector<MessageView>>> start_fetch(
        std::optional<std::uint64_t> after = {}, Deadline wait = Deadline::never()) {
        return h.start(
            queues().fetch({.queue = q, .subscription = s, .after = after, .wait = wait}));
    }
    Result<void> commit(std::uint64_t seq) { return h.run(queues().commit(q, s, seq)); }
    Result<std::uint64_t> seek(LogStart start) { return h.run(queues().seek(q, s, start)); }
    Result<std::uint64_t> truncate_before(std::uint64_t seq) {
        return h.run(queues().truncate_before(q, seq));
    }
    std::vector<Subscription> subscriptions() { return must(h.run(queues().subscriptions(q))); }
    static LogStart at(std::uint64_t seq) { return {.kind = LogStart::Kind::seq, .seq = seq}; }
    static LogStart latest() { return {.kind = LogStart::Kind::latest}; }
};

}  // namespace baton::test

// Dead letters that go to a queue of another partition: each arrives once, whatever gets lost.
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "remote_world.h"

namespace baton::queue::remote {
namespace {

using Texts = std::vector<std::string>;

/// Letters die in q0 and are to go to q1.
class Across : public RemoteWorld {
protected:
    void bury(const std::vector<Letter>& letters, const std::string& reason = "broken") {
        must(post(letters));
        for (std::size_t i = 0; i < letters.size();) {
            for (const auto& popped : pop(1'000)) {
                must(run(remote().nack(
                    {.receipt = popped.receipt, .reason = reason, .blame = Blame::fatal})));
                ++i;
            }
        }
    }
    static std::vector<Letter> numbered(int count) {
        std::vector<Letter> letters;
        for (int i = 0; i < count; ++i) letters.push_back({.text = std::to_string(i)});
        return letters;
    }
    Result<std::uint64_t> redrive(RedriveRequest request = {}) {
        request.queue = queue(0);
        if (!request.target) request.target = queue(1);
        return run(remote().redrive(std::move(request)));
    }
    std::vector<MessageView> arrived() {
        return must(run(remote().peek({.queue = queue(1), .limit = 1'000}))).messages;
    }
    Texts texts() {
        Texts all;
        for (const auto& view : arrived()) all.emplace_back(view.data->content.view());
        return all;
    }
};

TEST_F(Across, letters_arrive_in_order_with_keys_and_history) {
    bury({{.text = "a", .order = "k", .dedup = "d"}, {.text = "b"}});
    EXPECT_EQ(must(redrive()), 2);
    EXPECT_EQ(stats(0).dead, 0);
    const auto views = arrived();
    ASSERT_EQ(views.size(), 2);
    EXPECT_EQ(views[0].data->content.view(), "a");
    EXPECT_EQ(views[0].data->ordering_key, "k");
    EXPECT_EQ(views[0].state, MessageState::ready);
    EXPECT_EQ(views[0].attempts, 1);
    EXPECT_EQ(views[0].failures, 0);
    ASSERT_EQ(views[0].history.size(), 1);
    EXPECT_EQ(views[0].history[0].reason, "broken");
    EXPECT_EQ(views[1].data->content.view(), "b");
    EXPECT_EQ(must(redrive()), 0);
}

TEST_F(Across, conditions_limit_and_rate_hold_as_in_one_partition) {
    bury(numbered(3), "disk");
    bury({{.text = "x"}}, "net");
    EXPECT_EQ(must(redrive({.reason_contains = "disk", .limit = 2, .rate_per_second = 10})), 2);
    auto views = arrived();
    ASSERT_EQ(views.size(), 2);
    EXPECT_EQ(views[0].state, MessageState::ready);
    EXPECT_EQ(views[1].state, MessageState::scheduled);
    EXPECT_EQ(views[1].due_at - views[0].due_at, Duration(100));
    EXPECT_EQ(must(redrive({.dead_from = clock.now() + Duration(1)})), 0);
    EXPECT_EQ(must(redrive({.reason_contains = "net"})), 1);
    EXPECT_EQ(stats(0).dead, 1);
}

TEST_F(Across, more_than_one_page_arrives_in_order_and_at_the_rate) {
    bury(numbered(700));
    bury(numbered(700));
    EXPECT_EQ(must(redrive({.rate_per_second = 1'000})), 1'400);
    EXPECT_EQ(stats(0).dead, 0);
    EXPECT_EQ(stats(1).message_count, 1'400);
    const auto first = arrived();
    const auto rest = must(
        run(remote().peek({.queue = queue(1), .after_seq = first.back().id.seq, .limit = 1'000})))
                          .messages;
    ASSERT_EQ(first.size() + rest.size(), 1'400);
    EXPECT_EQ(first[999].due_at - first[0].due_at, Duration(999));
    EXPECT_EQ(rest.front().due_at - first[0].due_at, Duration(1'000));
    EXPECT_EQ(rest.back().due_at - first[0].due_at, Duration(1'399));
    EXPECT_EQ(rest.back().data->content.view(), "699");
}

TEST_F(Across, a_page_of_large_letters_is_cut) {
    bury(std::vector<Letter>(6, {.text = std::string(1'000'000, 'L')}));
    EXPECT_EQ(must(redrive()), 6);
    EXPECT_EQ(stats(1).ready, 6);
}

TEST_F(Across, what_the_target_refuses_stays_where_it_is) {
    bury({{.text = "12345"}, {.text = "12345"}});
    const auto nowhere = redrive({.target = QueueName("none1")});
    EXPECT_EQ(outcome(nowhere), "queue_not_found");
    EXPECT_EQ(nowhere.error().field, "target");
    must(run(remote().put_queue(queue(1), {.max_size = 1})));
    EXPECT_EQ(outcome(redrive()), "queue_full");
    must(run(remote().put_queue(queue(1), {.max_message_size = 4})));
    EXPECT_EQ(outcome(redrive()), "message_too_large");
    must(run(remote().put_queue(QueueName("log1"), {.mode = QueueMode::log})));
    EXPECT_EQ(outcome(redrive({.target = QueueName("log1")})), "unsupported");
    leave(1);
    EXPECT_EQ(outcome(redrive()), "queue_unavailable");
    EXPECT_EQ(stats(0).dead, 2);
    lead(1);
    must(run(remote().put_queue(queue(1), {.max_size = 1})));
    EXPECT_EQ(must(redrive({.limit = 1})), 1);
    EXPECT_EQ(stats(0).dead, 1);
}

TEST_F(Across, a_redrive_that_ends_anywhere_is_finished_by_the_next_one_and_doubles_nothing) {
    const Texts all{"0", "1", "2"};
    for (const bool loses_request : {true, false}) {
        const TransportFault fault{.lose_request = loses_request, .lose_answer = !loses_request};
        int n = 0;
        for (bool passed = false; !passed; ++n) {
            SCOPED_TRACE(n);
            ASSERT_LT(n, 10);
            bury(numbered(3));
            // From the n-th request on nothing comes through.
            transport.set_fault([&, count = std::make_shared<int>(0)](const RequestHead& head) {
                const bool counts = head.type != CommandType::withdraw;
                return counts && (*count)++ >= n ? fault : TransportFault{};
            });
            passed = redrive().has_value();
            transport.set_fault({});
            const auto again = redrive();
            ASSERT_EQ(outcome(again), "ok");
            EXPECT_EQ(stats(0).dead, 0);
            EXPECT_EQ(texts(), all);
            must(run(remote().purge(queue(1))));
        }
        EXPECT_GE(n, 4) << "get_queue, find, take and drop";
    }
}

TEST_F(Across, requests_that_come_twice_or_to_the_next_leader_move_a_letter_once) {
    bury(numbered(3));
    transport.set_fault([](const RequestHead&) { return TransportFault{.repeat = true}; });
    EXPECT_EQ(must(redrive()), 3);
    transport.set_fault({});
    EXPECT_EQ(texts(), (Texts{"0", "1", "2"}));
    for (const auto type :
        {CommandType::find_letters, CommandType::take_letters, CommandType::drop_letters}) {
        SCOPED_TRACE(static_cast<int>(type));
        must(run(remote().purge(queue(1))));
        bury(numbered(3));
        std::atomic<bool> is_lost{false};
        transport.set_fault([&](const RequestHead& head) {
            if (head.type != type || is_lost) return TransportFault{};
            is_lost = true;
            return TransportFault{.lose_answer = true};
        });
        auto redriving = thread.start(remote().redrive({.queue = queue(0), .target = queue(1)}));
        while (!is_lost) {
        }
        lead(0);  // the servers that come know nothing of the request
        lead(1);
        EXPECT_EQ(must(redriving.get()), 3);
        transport.set_fault({});
        EXPECT_EQ(stats(0).dead, 0);
        EXPECT_EQ(texts(), (Texts{"0", "1", "2"}));
    }
}

}  // namespace
}  // namespace baton::queue::remote

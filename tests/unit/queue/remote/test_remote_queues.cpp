// Calls that meet several partitions, large answers, and the limits of a server.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "queue/remote/command_table.h"
#include "queue/remote/request_memory.h"
#include "remote_world.h"

namespace baton::queue::remote {
namespace {

class Partitions : public RemoteWorld {
protected:
    /// Receipts of two messages of each queue, in turns.
    std::vector<Receipt> receipts() {
        std::vector<std::vector<LeasedMessage>> popped;
        for (std::uint32_t i = 0; i < partitions; ++i) {
            must(post({{.text = "a"}, {.text = "b"}}, i));
            popped.push_back(pop(2, i));
        }
        std::vector<Receipt> all;
        for (std::size_t i = 0; i < 2; ++i) {
            for (const auto& of_queue : popped) all.push_back(of_queue[i].receipt);
        }
        return all;
    }
    static std::vector<std::string> outcomes(const auto& results) {
        std::vector<std::string> all;
        for (const auto& result : results) all.push_back(outcome(result));
        return all;
    }
};
using Texts = std::vector<std::string>;

TEST_F(Partitions, queues_of_all_are_listed_by_name) {
    must(run(remote().put_queue(QueueName("a1"), {})));
    Texts names;
    for (const auto& info : must(run(remote().list_queues()))) names.push_back(info.name.text);
    EXPECT_EQ(names, (Texts{"a1", "q0", "q1"}));
    leave(1);
    EXPECT_EQ(outcome(run(remote().list_queues())), "queue_unavailable");
}

TEST_F(Partitions, a_quota_is_set_in_all_and_its_use_is_their_sum) {
    const TenantId tenant{std::string(default_tenant)};
    must(run(remote().set_quota(tenant, 1'000)));
    must(post({{.text = "12345"}}, 0));
    must(post({{.text = "123"}}, 1));
    EXPECT_EQ(must(run(remote().quota(tenant))), (StorageQuota{.used = 8, .limit = 1'000}));
    leave(1);
    const auto failed = run(remote().set_quota(tenant, 500));
    ASSERT_EQ(outcome(failed), "queue_unavailable");
    EXPECT_NE(failed.error().detail.find("1 of 2 partitions"), std::string::npos);
    lead(1);
    EXPECT_EQ(must(run(remote().quota(tenant))).limit, 1'000);
    must(run(remote().set_quota(tenant, 500)));
    EXPECT_EQ(must(run(remote().quota(tenant))).limit, 500);
}

TEST_F(Partitions, receipts_are_settled_where_they_belong_and_answered_in_order) {
    auto all = receipts();
    auto stale = all;
    stale[2].attempt = 7;
    EXPECT_EQ(outcomes(must(run(remote().extend(stale, Duration(1'000))))),
        (Texts{"ok", "ok", "lease_lost", "ok"}));
    std::vector<NackRequest> nacks;
    for (const auto& receipt : {all[3], all[0]}) nacks.push_back({.receipt = receipt});
    EXPECT_EQ(outcomes(must(run(remote().nack(nacks)))), (Texts{"ok", "ok"}));
    EXPECT_EQ(
        outcomes(must(run(remote().ack(all)))), (Texts{"lease_lost", "ok", "ok", "lease_lost"}));
    EXPECT_EQ(stats(0).ready, 1);
    EXPECT_EQ(stats(1).ready, 1);
    EXPECT_EQ(outcome(run(remote().ack(std::vector<Receipt>()))), "invalid_argument");
}

TEST_F(Partitions, one_that_is_away_spoils_only_its_own_receipts) {
    const auto all = receipts();
    leave(1);
    EXPECT_EQ(outcomes(must(run(remote().ack(all)))),
        (Texts{"ok", "queue_unavailable", "ok", "queue_unavailable"}));
    leave(0);
    EXPECT_EQ(outcome(run(remote().ack(all))), "queue_unavailable");
}

TEST_F(Partitions, ack_and_pop_takes_receipts_of_others_along) {
    const auto all = receipts();
    must(post({{.text = "c"}}));
    const PopRequest next{.queue = queue(0)};
    const auto both = must(run(remote().ack_and_pop(all, next)));
    EXPECT_EQ(outcomes(both.acks), Texts(4, "ok"));
    ASSERT_EQ(both.messages.size(), 1);
    EXPECT_EQ(both.messages[0].message.data->content.view(), "c");
    EXPECT_EQ(stats(1).leased, 0);
    const PopRequest nowhere{.queue = QueueName("none0")};
    const std::vector<Receipt> last{both.messages[0].receipt};
    EXPECT_EQ(outcome(run(remote().ack_and_pop(last, nowhere))), "queue_not_found");
    EXPECT_EQ(stats(0).leased, 1);
}

TEST_F(Partitions, ack_and_pop_waits_after_it_has_acked) {
    const auto all = receipts();
    PopRequest next{.queue = queue(0), .wait = Deadline::never()};
    auto waiting = thread.start(remote().ack_and_pop(all, next));
    while (stats(0).leased + stats(1).leased > 0) {
    }
    must(post({{.text = "c"}}));
    const auto both = must(waiting.get());
    EXPECT_EQ(outcomes(both.acks), Texts(4, "ok"));
    EXPECT_EQ(both.messages.size(), 1);
}

class SmallAnswers : public RemoteWorld {
protected:
    SmallAnswers() : RemoteWorld({.answer_bytes = 100}) {}
    void post_many(std::size_t count) {
        must(post(std::vector<Letter>(count, {.text = std::string(30, 'x')})));
    }
};

TEST_F(SmallAnswers, popped_messages_that_do_not_fit_go_back_without_blame) {
    post_many(10);
    const auto first = pop(10);
    EXPECT_EQ(first.size(), 2);
    while (stats().leased > 2) {
    }
    std::size_t count = first.size();
    for (auto more = pop(10); !more.empty(); more = pop(10)) {
        count += more.size();
        for (const auto& leased : more) EXPECT_EQ(leased.message.failures, 0);
    }
    EXPECT_EQ(count, 10);
}

TEST_F(SmallAnswers, a_message_larger_than_an_answer_is_given_alone) {
    must(post({{.text = std::string(1'000, 'x')}, {.text = "y"}}));
    const auto popped = pop(2);
    ASSERT_EQ(popped.size(), 1);
    EXPECT_EQ(popped[0].message.data->content.size(), 1'000);
}

TEST_F(SmallAnswers, a_peek_goes_on_where_the_answer_ended) {
    post_many(10);
    queue::PeekRequest request{.queue = queue(0), .limit = 7};
    std::vector<std::uint64_t> seqs;
    for (bool more = true; more;) {
        const auto page = must(run(remote().peek(request)));
        ASSERT_LT(page.messages.size(), 7);
        for (const auto& view : page.messages) seqs.push_back(view.id.seq);
        more = page.more;
        request.after_seq = seqs.back();
    }
    EXPECT_EQ(seqs, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
}

TEST_F(SmallAnswers, output_and_logs_are_read_in_parts) {
    must(run(remote().put_queue(QueueName("log0"), {.mode = QueueMode::log})));
    const std::vector<Letter> letters(10, {.text = std::string(30, 'x')});
    must(run(remote().post(QueueName("log0"), test::messages_of(letters))));
    const SubscriptionName name{"s"};
    must(run(remote().subscribe(QueueName("log0"), name, {})));
    const auto some = must(run(remote().fetch({.queue = QueueName("log0"), .subscription = name})));
    ASSERT_FALSE(some.empty());
    EXPECT_LT(some.size(), 10);
    EXPECT_EQ(some.back().id.seq, some.size());

    post_many(1);
    const auto leased = pop();
    const std::vector<Bytes> events(10, Bytes(std::string(30, 'e')));
    must(run(remote().append_output(leased[0].receipt, events)));
    must(run(remote().ack(leased[0].receipt)));
    OutputRequest request{.message = leased[0].message.id};
    OutputPage page;
    std::uint64_t count = 0;
    while (!page.ended) {
        page = must(run(remote().read_output(request)));
        for (const auto& event : page.events) EXPECT_EQ(event.offset, count++);
        EXPECT_EQ(page.next, count);
        request.from = page.next;
    }
    EXPECT_EQ(count, 10);
}

class BusyServer : public RemoteWorld {
protected:
    BusyServer() : RemoteWorld({.commands_max = 2}) {}
};

TEST_F(BusyServer, refuses_one_command_too_many) {
    std::vector<test::Pending<Result<std::vector<LeasedMessage>>>> waits;
    for (int i = 0; i < 2; ++i) {
        waits.push_back(thread.start(remote().pop({.queue = queue(0), .wait = Deadline::never()})));
    }
    while (running() < 2) {
    }
    const auto refused = run(remote().stats(queue(0)));
    EXPECT_EQ(outcome(refused), "overloaded");
    EXPECT_GT(refused.error().retry_after, Duration(0));
    EXPECT_NE(metrics.render().find("baton_queue_remote_refused_total 1"), std::string::npos);
    for (auto& wait : waits) wait.cancel();
    while (running() > 0) {
    }
    EXPECT_EQ(outcome(run(remote().stats(queue(0)))), "ok");
}

TEST_F(RemoteWorld, a_request_above_64_MiB_is_not_sent) {
    must(run(remote().put_queue(queue(0), {.max_message_size = 1ULL << 30})));
    EXPECT_EQ(outcome(post({{.text = std::string(request_bytes_max, 'x')}})), "payload_too_large");
    const auto patient = make_remote_queues(transport, {}, metrics);
    const auto messages = test::messages_of({{.text = std::string(request_bytes_max - 100, 'x')}});
    EXPECT_EQ(outcome(run(patient->post(queue(0), messages))), "ok");
}

TEST_F(RemoteWorld, a_served_task_that_is_cancelled_withdraws_its_request) {
    const Pop command{
        .queue = queue(0), .max = 1, .lease = Duration(1'000), .wait = Duration(60'000)};
    const auto request = encode_request(RequestId{1, 1}, command);
    const auto serve = [&]() -> Task<Bytes> { return server().serve(request); };
    std::optional<test::Pending<Bytes>> serving;
    serving.emplace(there().start(serve()));
    while (running() == 0) {
    }
    serving->cancel();
    EXPECT_EQ(error_of_answer(serving->get().view()).error().code, Errc::cancelled);
    must(post({{}}));
    EXPECT_EQ(stats().ready, 1);
    // The same request, coming again, leases nothing either.
    const auto again = run_there(serve());
    EXPECT_EQ(error_of_answer(again.view()).error().code, Errc::cancelled);
}

TEST(RequestMemory, forgets_the_oldest_beyond_its_count) {
    RequestMemory memory(2, 1'000);
    for (std::uint64_t i = 1; i <= 3; ++i) memory.keep({1, i}, {.answer = Bytes(std::string("a"))});
    EXPECT_EQ(memory.find({1, 1}), nullptr);
    EXPECT_NE(memory.find({1, 2}), nullptr);
    EXPECT_NE(memory.find({1, 3}), nullptr);
    EXPECT_EQ(memory.size(), 2);
}

TEST(RequestMemory, forgets_the_oldest_beyond_its_bytes_and_keeps_at_least_one) {
    RequestMemory memory(10, 100);
    memory.keep({1, 1}, {.answer = Bytes(std::string(60, 'a'))});
    memory.keep({1, 2}, {.answer = Bytes(std::string(40, 'a'))});
    EXPECT_NE(memory.find({1, 1}), nullptr);
    memory.keep({1, 3}, {.answer = Bytes(std::string(1, 'a'))});
    EXPECT_EQ(memory.find({1, 1}), nullptr);
    EXPECT_NE(memory.find({1, 2}), nullptr);
    memory.keep({1, 4}, {.answer = Bytes(std::string(500, 'a'))});
    EXPECT_NE(memory.find({1, 4}), nullptr);
    EXPECT_EQ(memory.size(), 1);
}

}  // namespace
}  // namespace baton::queue::remote

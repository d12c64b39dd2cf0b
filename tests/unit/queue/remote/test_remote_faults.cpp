// Requests and answers that are lost, late, or come twice, and servers that change: what a caller
// hears, and what has happened.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "queue/remote/producer_commands.h"
#include "remote_world.h"

namespace baton::queue::remote {
namespace {

class Faults : public RemoteWorld {};

TEST_F(Faults, a_post_is_sent_again_while_nobody_serves_its_queue) {
    leave(0);
    auto posting = thread.start(remote().post(queue(0), test::messages_of({{}}), PostOptions()));
    EXPECT_FALSE(posting.ended());
    lead(0);
    EXPECT_EQ(outcome(posting.get()), "ok");
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(Faults, a_post_that_reaches_nobody_says_that_nothing_was_done) {
    leave(0);
    const auto posted = post({{}});
    ASSERT_EQ(outcome(posted), "queue_unavailable");
    EXPECT_GE(posted.error().retry_after, Duration(1'000)) << "when to come again";
    EXPECT_EQ(stats().ready, 0);
}

class PatientFaults : public RemoteWorld {
protected:
    PatientFaults()
        : RemoteWorld({}, {.call_timeout = Duration(60'000),
                              .unhealthy_patience = Duration(30),
                              .backoff = {.initial = Duration(2), .max = Duration(10)}}) {}
};

TEST_F(PatientFaults, a_call_that_nobody_takes_is_given_up_soon_when_the_transport_is_unhealthy) {
    leave(0);
    transport.set_healthy(false);
    EXPECT_EQ(outcome(post({{}})), "queue_unavailable");  // long before its time is over
    lead(0);
    EXPECT_EQ(outcome(post({{}})), "ok") << "what somebody takes is taken";
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(PatientFaults, a_daemon_that_is_cut_off_says_so_at_once) {
    const Error cut_off{.code = Errc::queue_unavailable, .detail = "cut off"};
    spoil(CommandType::post, {.error = cut_off});
    const auto posted = post({{}});
    ASSERT_EQ(outcome(posted), "queue_unavailable");
    EXPECT_GE(posted.error().retry_after, Duration(1'000));
    EXPECT_EQ(outcome(post({{}})), "ok") << "the one fault is over";
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(PatientFaults, or_that_nobody_knows_when_it_had_sent_it_before) {
    int sent = 0;
    transport.set_fault([&](const RequestHead& head) -> TransportFault {
        if (head.type != CommandType::post) return {};
        if (++sent == 1) return {.lose_answer = true};
        return {.error = Error{.code = Errc::queue_unavailable, .detail = "cut off"}};
    });
    EXPECT_EQ(outcome(post({{.dedup = "k"}})), "deadline_exceeded");
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(Faults, a_post_without_keys_whose_answer_is_lost_is_not_sent_again) {
    spoil(CommandType::post, {.lose_answer = true});
    const auto posted = post({{.text = "a", .dedup = "k"}, {.text = "b"}});
    EXPECT_EQ(outcome(posted), "deadline_exceeded");
    EXPECT_NE(posted.error().detail.find("not known"), std::string::npos);
    EXPECT_EQ(stats().ready, 2);
}

TEST_F(Faults, a_post_with_keys_whose_answer_is_lost_is_repeated_and_stored_once) {
    spoil(CommandType::post, {.lose_answer = true});
    const auto posted = post({{.dedup = "a"}, {.dedup = "b"}});
    ASSERT_EQ(outcome(posted), "ok");
    EXPECT_FALSE(posted->messages[0].duplicate);  // the server knew the request
    EXPECT_EQ(stats().ready, 2);
}

TEST_F(Faults, a_repeated_post_with_keys_meets_its_messages_at_another_server) {
    spoil(CommandType::post, {.lose_answer = true});
    auto posting =
        thread.start(remote().post(queue(0), test::messages_of({{.dedup = "a"}}), PostOptions()));
    while (stats().ready == 0) {
    }
    lead(0);
    const auto posted = posting.get();
    ASSERT_EQ(outcome(posted), "ok");
    EXPECT_TRUE(posted->messages[0].duplicate);
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(Faults, keys_that_are_forgotten_too_soon_do_not_allow_a_repetition) {
    must(run(remote().put_queue(queue(0), {.dedup_window = std::chrono::seconds(0)})));
    spoil(CommandType::post, {.lose_answer = true});
    EXPECT_EQ(outcome(post({{.dedup = "a"}})), "deadline_exceeded");
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(Faults, reads_are_repeated_when_a_request_or_an_answer_is_lost) {
    must(post({{}}));
    spoil(CommandType::get_stats, {.lose_request = true}, 2);
    EXPECT_EQ(must(run(remote().stats(queue(0)))).ready, 1);
    spoil(CommandType::get_stats, {.lose_answer = true}, 2);
    EXPECT_EQ(must(run(remote().stats(queue(0)))).ready, 1);
    spoil(CommandType::get_stats, {.lose_request = true}, 1'000);
    EXPECT_EQ(outcome(run(remote().stats(queue(0)))), "deadline_exceeded");
}

TEST_F(Faults, what_a_lost_answer_leased_goes_back_without_blame) {
    must(post({{}}));
    spoil(CommandType::pop, {.lose_answer = true});
    const auto popped = pop();
    ASSERT_EQ(popped.size(), 1);  // of the second attempt
    EXPECT_EQ(popped[0].message.attempts, 2);
    EXPECT_EQ(popped[0].message.failures, 0);
}

TEST_F(Faults, when_the_withdrawal_is_lost_too_the_message_comes_back_with_its_lease) {
    must(post({{}}));
    transport.set_fault([](const RequestHead& head) -> TransportFault {
        if (head.type == CommandType::pop) return {.lose_answer = true};
        return {.lose_request = head.type == CommandType::withdraw};
    });
    EXPECT_EQ(outcome(run(remote().pop({.queue = queue(0)}))), "deadline_exceeded");
    transport.set_fault({});
    EXPECT_EQ(stats().leased, 1);
    clock.advance(Duration(30'000));
    EXPECT_EQ(pop().size(), 1);
}

TEST_F(Faults, a_pop_that_comes_after_its_withdrawal_leases_nothing) {
    must(post({{}}));
    spoil(CommandType::pop, {.delay = Duration(30)});
    auto popping = thread.start(remote().pop({.queue = queue(0), .wait = Deadline::never()}));
    popping.cancel();
    EXPECT_EQ(outcome(popping.get()), "cancelled");
    const auto popped = pop();
    ASSERT_EQ(popped.size(), 1);
    EXPECT_EQ(popped[0].message.attempts, 1);
    must(run(remote().nack({.receipt = popped[0].receipt, .blame = Blame::none})));
    const auto waited =
        run(remote().wait_reply(popped[0].message.id, Deadline::after(Duration(60))));
    EXPECT_EQ(outcome(waited), "ok");  // the late request has come by now
    EXPECT_EQ(stats().leased, 0);
}

TEST_F(Faults, a_wait_goes_on_through_a_change_of_servers) {
    auto popping = thread.start(remote().pop({.queue = queue(0), .wait = Deadline::never()}));
    auto replying =
        thread.start(remote().wait_reply(must(post({{}}, 1)).messages[0].id, Deadline::never()));
    must(run(remote().list_queues()));
    lead(0);
    lead(1);
    const auto other = pop(1, 1);
    must(run(remote().reply(other[0].message.id, Bytes(std::string("r")), "")));
    EXPECT_EQ(must(replying.get())->result.view(), "r");
    must(post({{}}));
    EXPECT_EQ(must(popping.get()).size(), 1);
}

TEST_F(Faults, a_long_wait_is_made_of_short_ones) {
    int pops = 0;
    transport.set_fault([&](const RequestHead& head) -> TransportFault {
        pops += head.type == CommandType::pop ? 1 : 0;
        return {};
    });
    const auto popped =
        run(remote().pop({.queue = queue(0), .wait = Deadline::after(3 * quick().wait_portion)}));
    EXPECT_EQ(must(popped).size(), 0);
    EXPECT_GE(pops, 3);
}

TEST_F(Faults, a_request_that_comes_twice_is_executed_once) {
    transport.set_fault([](const RequestHead&) { return TransportFault{.repeat = true}; });
    must(post({{.text = "a"}, {.text = "b"}, {.text = "c"}}));
    const auto popped = pop(2);
    ASSERT_EQ(popped.size(), 2);
    std::vector<Bytes> events(2, Bytes(std::string("e")));
    EXPECT_EQ(must(run(remote().append_output(popped[0].receipt, events))), 2);
    EXPECT_EQ(outcome(run(remote().ack(popped[0].receipt))), "ok");
    EXPECT_EQ(must(run(remote().nack({.receipt = popped[1].receipt}))), NackOutcome::returned);
    EXPECT_EQ(must(run(remote().purge(queue(0)))), 2);
    EXPECT_EQ(outcome(run(remote().delete_queue(queue(0)))), "ok");
}

TEST_F(Faults, a_half_done_redrive_is_not_repeated) {
    spoil(CommandType::redrive, {.error = Error{.code = Errc::unavailable}});
    EXPECT_EQ(must(run(remote().redrive({.queue = queue(0)}))), 0);
    spoil(CommandType::redrive, {.lose_answer = true});
    EXPECT_EQ(outcome(run(remote().redrive({.queue = queue(0)}))), "deadline_exceeded");
}

TEST_F(Faults, what_comes_just_before_a_server_stops_is_answered) {
    const Post command{.queue = queue(0), .messages = test::messages_of({{}})};
    std::string said;
    const auto come_and_stop = [&]() -> Task<void> {
        server().receive(encode_request({.client = 1, .number = 1}, command),
            [&](const Bytes& answer) { said = outcome(error_of_answer(answer.view())); });
        co_await server().stop();
    };
    run_there(come_and_stop());
    EXPECT_EQ(said, "ok");
    EXPECT_EQ(stats().ready, 1);
}

TEST_F(Faults, stop_withdraws_waits_and_leaves_nothing_leased) {
    auto popping = thread.start(remote().pop({.queue = queue(0), .wait = Deadline::never()}));
    must(run(remote().list_queues()));
    remote().stop();
    EXPECT_EQ(outcome(popping.get()), "shutting_down");
    must(thread.run(local().post(queue(0), test::messages_of({{}}))));
    EXPECT_EQ(stats().ready, 1);
    EXPECT_EQ(outcome(run(remote().list_queues())), "shutting_down");
}

}  // namespace
}  // namespace baton::queue::remote

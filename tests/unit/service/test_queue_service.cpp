#include "base/answer_budget.h"
#include "service/operator_service.h"
#include "service/output_service.h"
#include "service/queue_service.h"
#include "unit/service/queue_fixture.h"

namespace baton::test {
namespace {

using service::QueueLimits;

class QueueService : public QueueFixture {
protected:
    std::vector<NewMessage> messages(std::size_t count) {
        std::vector<NewMessage> all(count);
        for (auto& message : all) message.data.content = Bytes("hello");
        return all;
    }
    std::vector<std::string> post_and_pop(std::uint32_t count) {
        EXPECT_TRUE(io.run(service.post(who, mail, messages(count))));
        service::PopOptions options;
        options.max = count;
        std::vector<std::string> receipts;
        const auto popped = io.run(service.pop(who, mail, options)).value();
        for (const auto& leased : popped) receipts.push_back(leased.receipt.text());
        return receipts;
    }

    const QueueName mail{"mail"};
    const access::Identity who{.key = KeyId("k"), .name = "tester"};
    service::QueueService service{*queues};
};

TEST_F(QueueService, one_bad_receipt_spoils_no_other) {
    auto receipts = post_and_pop(3);
    const std::string stale = MessageId{.queue_uid = 7, .seq = 7}.text() + "-1";
    receipts.insert(receipts.begin() + 1, "nonsense");
    receipts.push_back(stale);
    const auto settlement = io.run(service.ack(who, mail, receipts)).value();
    EXPECT_EQ(settlement.settled, 3U);
    ASSERT_EQ(settlement.failures.size(), 2U);
    EXPECT_EQ(settlement.failures[0].receipt, "nonsense");
    EXPECT_EQ(settlement.failures[0].error.code, Errc::invalid_receipt);
    EXPECT_EQ(settlement.failures[1].receipt, stale);
    EXPECT_EQ(settlement.failures[1].error.code, Errc::lease_lost);
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(QueueService, the_queue_of_messages_to_agents_can_not_be_deleted) {
    const access::Identity admin{.key = KeyId("a"), .name = "root", .role = access::Role::admin};
    for (const auto& each : {who, admin}) {
        const auto kept = io.run(service.delete_queue(each, QueueName("llm")));
        ASSERT_FALSE(kept) << "no message to an agent could be taken until the next start";
        EXPECT_EQ(kept.error().code, Errc::conflict);
        EXPECT_TRUE(io.run(service.get_queue(each, QueueName("llm"))));
    }
    EXPECT_TRUE(io.run(service.delete_queue(who, mail)));
}

/// The queue in which the service keeps what it has accepted, with one message that is leased and
/// one that is ready.
class SystemQueue : public QueueService {
protected:
    SystemQueue() {
        EXPECT_TRUE(io.run(service.post(who, llm, messages(2)))) << "everybody may post";
        leased = lease_one("llm");
        const auto all = io.run(service.peek(who, llm, {}));
        ready = all.value().messages.at(1).id;
    }

    template <class T>
    static void expect_refused(const Result<T>& result, const std::string& field) {
        ASSERT_FALSE(result) << field;
        EXPECT_EQ(result.error().code, Errc::permission_denied) << to_string(result.error());
        EXPECT_EQ(result.error().field, field);
    }
    std::vector<std::string> receipts() const { return {leased.receipt.text()}; }

    const QueueName llm{"llm"};
    const access::Identity admin{.key = KeyId("a"), .name = "root", .role = access::Role::admin};
    service::OperatorService operations{*queues};
    service::OutputService outputs{*queues};
    LeasedMessage leased;
    MessageId ready;
};

TEST_F(SystemQueue, is_changed_by_administrators_only) {
    expect_refused(io.run(service.put_queue(who, llm, {})), "queue");
    expect_refused(io.run(service.purge(who, llm)), "queue");
    expect_refused(io.run(service.set_paused(who, llm, true)), "queue");
    expect_refused(io.run(operations.pause_key(who, {.queue = llm, .key = "k"}, true)), "queue");
    expect_refused(io.run(operations.redrive(who, {.queue = llm})), "queue");
    EXPECT_EQ(count_in("llm"), 2U);

    EXPECT_TRUE(io.run(service.put_queue(admin, llm, {})));
    EXPECT_TRUE(io.run(service.set_paused(admin, llm, true)));
    EXPECT_TRUE(io.run(operations.pause_key(admin, {.queue = llm, .key = "k"}, true)));
    EXPECT_TRUE(io.run(operations.redrive(admin, {.queue = llm})));
    EXPECT_EQ(io.run(service.purge(admin, llm)).value(), 1U) << "the one that nobody holds";
}

TEST_F(SystemQueue, gives_its_messages_to_administrators_only) {
    expect_refused(io.run(service.pop(who, llm, {})), "queue");
    expect_refused(io.run(service.ack_and_pop(who, llm, {}, {})), "queue");
    expect_refused(io.run(service.cancel(who, ready)), "message_id");
    expect_refused(io.run(operations.reschedule(who, ready, clock.now())), "message_id");
    expect_refused(io.run(service.reply(who, ready, Bytes("forged"), {})), "message_id");
    expect_refused(
        io.run(outputs.append(who, leased.message.id, leased.receipt.text(), {Bytes("forged")})),
        "message_id");
    EXPECT_EQ(count_in("llm"), 2U);

    EXPECT_TRUE(io.run(outputs.append(
        admin, leased.message.id, leased.receipt.text(), {Bytes("from an operator")})));
    EXPECT_TRUE(io.run(service.reply(admin, ready, Bytes("from an operator"), {})));
    EXPECT_TRUE(io.run(service.cancel(admin, ready)));
    EXPECT_TRUE(io.run(service.pop(admin, llm, {})));
}

TEST_F(SystemQueue, is_looked_at_by_everybody) {
    EXPECT_TRUE(io.run(service.get_queue(who, llm)));
    EXPECT_TRUE(io.run(service.stats(who, llm)));
    EXPECT_TRUE(io.run(service.get(who, ready)));
    EXPECT_TRUE(io.run(service.get_reply(who, ready, Duration(0))));
    EXPECT_TRUE(io.run(operations.explain(who, ready)));
    EXPECT_TRUE(io.run(outputs.read(who, ready, {})));
}

TEST_F(SystemQueue, takes_no_receipt_that_a_member_made_up) {
    expect_refused(io.run(service.ack(who, llm, receipts())), "queue");
    auto mixed = post_and_pop(1);
    mixed.push_back(leased.receipt.text());
    mixed.push_back(mixed.front());
    const auto acked = io.run(service.ack(who, std::nullopt, mixed)).value();
    EXPECT_EQ(acked.settled, 1U) << "one that is refused spoils no other";
    ASSERT_EQ(acked.failures.size(), 2U);
    EXPECT_EQ(acked.failures[0].receipt, leased.receipt.text());
    EXPECT_EQ(acked.failures[0].error.code, Errc::permission_denied);
    EXPECT_EQ(acked.failures[1].error.code, Errc::lease_lost);
    const auto nacked = io.run(service.nack(who, std::nullopt, receipts(), {})).value();
    EXPECT_EQ(nacked.settled, 0U);
    const auto kept = io.run(service.extend(who, std::nullopt, receipts(), Duration(1))).value();
    EXPECT_EQ(kept.settled, 0U);
    EXPECT_EQ(count_in("llm"), 2U);
    EXPECT_EQ(io.run(service.ack(admin, std::nullopt, receipts())).value().settled, 1U);
}

TEST_F(SystemQueue, that_was_made_anew_is_still_one) {
    EXPECT_TRUE(io.run(service.ack(who, std::nullopt, post_and_pop(1))));
    ASSERT_TRUE(io.run(queues->delete_queue(llm)));
    make_queue("llm");
    EXPECT_TRUE(io.run(service.post(who, llm, messages(1))));
    const auto again = lease_one("llm");
    expect_refused(io.run(service.cancel(who, again.message.id)), "message_id");
    const auto acked = io.run(service.ack(who, std::nullopt, {again.receipt.text()})).value();
    EXPECT_EQ(acked.settled, 0U);
}

TEST_F(QueueService, an_acked_receipt_is_lost_the_second_time) {
    const auto receipts = post_and_pop(1);
    EXPECT_EQ(io.run(service.ack(who, mail, receipts)).value().settled, 1U);
    const auto again = io.run(service.ack(who, mail, receipts)).value();
    EXPECT_EQ(again.settled, 0U);
    EXPECT_EQ(again.failures.at(0).error.code, Errc::lease_lost);
}

TEST_F(QueueService, receipts_of_one_call_share_commits) {
    const auto receipts = post_and_pop(500);
    const std::size_t before = commits;
    EXPECT_EQ(io.run(service.ack(who, mail, receipts)).value().settled, 500U);
    EXPECT_EQ(commits - before, 1U);
}

TEST_F(QueueService, nacked_messages_come_back_with_their_reason) {
    const auto receipts = post_and_pop(2);
    service::NackOptions options;
    options.reason = "busy";
    EXPECT_EQ(io.run(service.nack(who, mail, receipts, options)).value().settled, 2U);
    const auto leased = lease_one("mail");
    EXPECT_EQ(leased.message.failures, 1U);
    ASSERT_EQ(leased.message.history.size(), 1U);
    EXPECT_EQ(leased.message.history[0].reason, "busy");
}

TEST_F(QueueService, an_extended_lease_outlives_the_first_one) {
    const auto receipts = post_and_pop(1);
    EXPECT_EQ(io.run(service.extend(who, mail, receipts, Duration(600'000))).value().settled, 1U);
    clock.advance(Duration(60'000));
    EXPECT_EQ(io.run(service.ack(who, mail, receipts)).value().settled, 1U);
}

TEST_F(QueueService, settling_in_an_unknown_queue_fails_and_settles_nothing) {
    const auto receipts = post_and_pop(1);
    const auto settled = io.run(service.ack(who, QueueName("nope"), receipts));
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().code, Errc::queue_not_found);
    EXPECT_EQ(count_in("mail"), 1U);
}

TEST_F(QueueService, batches_end_at_their_limits) {
    const auto field_of = [&](const auto& result) {
        EXPECT_FALSE(result);
        return result ? std::string() : result.error().field;
    };
    EXPECT_EQ(field_of(io.run(service.post(who, mail, {}))), "messages");
    EXPECT_EQ(field_of(io.run(service.post(who, mail, messages(QueueLimits::messages_max + 1)))),
        "messages");
    EXPECT_TRUE(io.run(service.post(who, mail, messages(QueueLimits::messages_max))));

    EXPECT_EQ(field_of(io.run(service.ack(who, mail, {}))), "receipts");
    std::vector<std::string> receipts(QueueLimits::receipts_max, "x");
    EXPECT_TRUE(io.run(service.ack(who, mail, receipts)));
    receipts.emplace_back("x");
    EXPECT_EQ(field_of(io.run(service.ack(who, mail, receipts))), "receipts");

    EXPECT_EQ(field_of(io.run(service.pop(who, mail, {.max = 0}))), "max");
    EXPECT_EQ(field_of(io.run(service.pop(who, mail, {.max = 1'001}))), "max");
    EXPECT_EQ(field_of(io.run(service.pop(who, mail, {.lease = Duration(0)}))), "lease_ms");
    EXPECT_EQ(
        field_of(io.run(service.pop(who, mail, {.lease = QueueLimits::lease_max + Duration(1)}))),
        "lease_ms");
    EXPECT_EQ(field_of(io.run(service.pop(who, mail, {.wait = Duration(60'001)}))), "wait_ms");
    EXPECT_EQ(field_of(io.run(service.peek(who, mail, {.limit = 0}))), "limit");
    EXPECT_EQ(field_of(io.run(service.peek(who, mail, {.limit = 1'001}))), "limit");
}

TEST_F(QueueService, a_bad_message_in_a_batch_is_named_and_none_is_posted) {
    auto batch = messages(3);
    batch[2].data.content = Bytes();
    const auto posted = io.run(service.post(who, mail, batch));
    ASSERT_FALSE(posted);
    EXPECT_EQ(posted.error().code, Errc::invalid_message);
    EXPECT_EQ(posted.error().field, "messages[2].content");
    EXPECT_EQ(count_in("mail"), 0U);
}

TEST_F(QueueService, pages_of_a_peek_show_every_message_once) {
    ASSERT_TRUE(io.run(service.post(who, mail, messages(25))));
    std::size_t seen = 0;
    service::PeekOptions options;
    options.limit = 10;
    for (int pages = 0; pages < 5; ++pages) {
        const auto page = io.run(service.peek(who, mail, options)).value();
        seen += page.messages.size();
        if (!page.next) break;
        options.after_seq = *page.next;
    }
    EXPECT_EQ(seen, 25U);
}

TEST_F(QueueService, a_page_that_one_answer_holds_no_more_of_says_where_it_goes_on) {
    auto large = messages(5);
    for (auto& message : large) {
        message.data.content = Bytes(std::string(AnswerBudget::bytes_max / 4, 'x'));
    }
    ASSERT_TRUE(io.run(service.post(who, mail, large)));
    const auto first = io.run(service.peek(who, mail, {.limit = 100})).value();
    EXPECT_EQ(first.messages.size(), 4U);
    EXPECT_EQ(first.next, first.messages.back().id.seq);
    const auto rest =
        io.run(service.peek(who, mail, {.after_seq = *first.next, .limit = 100})).value();
    EXPECT_EQ(rest.messages.size(), 1U);
    EXPECT_EQ(rest.next, std::nullopt);
}

TEST_F(QueueService, put_tells_a_new_queue_from_a_changed_one) {
    QueueConfig config;
    config.max_size = 5;
    const QueueName fresh("fresh");
    EXPECT_TRUE(io.run(service.put_queue(who, fresh, config)).value().created);
    config.max_size = 6;
    const auto changed = io.run(service.put_queue(who, fresh, config)).value();
    EXPECT_FALSE(changed.created);
    EXPECT_EQ(changed.info.config.max_size, 6U);
}

TEST_F(QueueService, a_reply_is_waited_for_until_the_wait_ends) {
    const auto posted = io.run(service.post(who, mail, messages(1))).value();
    const MessageId id = posted.messages.at(0).id;
    EXPECT_FALSE(io.run(service.get_reply(who, id, Duration(0))).value().has_value());
    EXPECT_FALSE(io.run(service.get_reply(who, id, Duration(20))).value().has_value());
    ASSERT_TRUE(io.run(service.reply(who, id, Bytes("42"), "")));
    const auto reply = io.run(service.get_reply(who, id, Duration(20))).value();
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(reply->result.view(), "42");
}

}  // namespace
}  // namespace baton::test

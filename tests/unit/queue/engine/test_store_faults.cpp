// The n-th commit fails, for n = 1, 2, …: what was refused never happened, what was answered stays.
#include <functional>
#include <map>
#include <tuple>

#include <gtest/gtest.h>

#include "support/faulty_database.h"
#include "support/queue_harness.h"
#include "support/queue_probe.h"

namespace baton::test {
namespace {

using queue::Blame;

const QueueName stored{"stored"};
const QueueName other{"other"};
const QueueName unstored{"unstored"};

/// All that can be seen of a queue, as text.
std::string picture(QueueHarness& h, const QueueName& name) {
    const auto info = h.run(h.queues().get_queue(name));
    if (!info) return outcome(info);
    std::string text = name.text + " max_size=" + std::to_string(info->config.max_size);
    if (info->paused) text += " paused";
    for (const auto& view :
        must(h.run(h.queues().peek({.queue = name, .limit = 1'000}))).messages) {
        text += "\n  " + std::to_string(view.id.seq) + ' ' +
                std::string(view.data->content.view()) + ' ' + std::string(to_string(view.state)) +
                " attempts=" + std::to_string(view.attempts) +
                " failures=" + std::to_string(view.failures) + ' ' + view.dead_reason;
        const auto reply = must(h.run(h.queues().get_reply(view.id)));
        if (reply) text += " reply=" + std::string(reply->result.view());
    }
    const auto stats = must(h.run(h.queues().stats(name)));
    return text + "\n  ready=" + std::to_string(stats.ready) +
           " leased=" + std::to_string(stats.leased) +
           " scheduled=" + std::to_string(stats.scheduled) + " dead=" + std::to_string(stats.dead) +
           " bytes=" + std::to_string(stats.used_storage) + '\n';
}
std::string picture(QueueHarness& h) {
    return picture(h, stored) + picture(h, other) + picture(h, unstored);
}

using Call = std::function<std::string(QueueHarness&)>;

Call post(QueueName name, std::vector<Letter> letters) {
    return [=](QueueHarness& h) {
        return outcome(h.run(h.queues().post(name, messages_of(letters))));
    };
}
/// Pops one and does `then` with it, in two commits. What a failed `then` leaves leased is given to
/// its retry.
std::vector<Call> pop_and(
    QueueName name, std::function<std::string(QueueHarness&, const LeasedMessage&)> then) {
    const auto leased = std::make_shared<LeasedMessage>();
    return {[=](QueueHarness& h) {
                auto popped = h.run(h.queues().pop({.queue = name}));
                if (popped) *leased = popped->at(0);
                return outcome(popped);
            },
        [=](QueueHarness& h) { return then(h, *leased); }};
}

/// Calls of every kind, each of which needs at least one commit.
std::vector<Call> workload() {
    std::vector<Call> calls;
    const auto add = [&](Call call) { calls.push_back(std::move(call)); };
    const auto add_all = [&](std::vector<Call> more) {
        std::ranges::move(more, std::back_inserter(calls));
    };
    const auto put = [](QueueName name, QueueConfig config) {
        return [=](QueueHarness& h) { return outcome(h.run(h.queues().put_queue(name, config))); };
    };
    add(put(stored, {.max_failures = 2}));
    add(put(other, {.durability = Durability::relaxed}));
    add(put(unstored, {.durability = Durability::memory}));
    add(post(stored,
        {{.text = "a", .order = "k", .dedup = "d"}, {.text = "b", .order = "k"},
            {.text = "c", .level = Level::high}, {.text = "later", .delay = Duration(50)}}));
    add(post(other, {{.text = "o"}, {.text = "p"}}));
    add_all(pop_and(stored, [](QueueHarness& h, const LeasedMessage& leased) {
        return outcome(h.run(h.queues().ack(leased.receipt)));
    }));
    add_all(pop_and(stored, [](QueueHarness& h, const LeasedMessage& leased) {
        return outcome(h.run(
            h.queues().nack({.receipt = leased.receipt, .reason = "no", .blame = Blame::fatal})));
    }));
    add_all(pop_and(stored, [](QueueHarness& h, const LeasedMessage& leased) {
        return outcome(h.run(h.queues().extend(leased.receipt, Duration(60'000))));
    }));
    add_all(pop_and(other, [](QueueHarness& h, const LeasedMessage& leased) {
        return outcome(h.run(h.queues().reply(leased.message.id, Bytes("r"), "")));
    }));
    add_all(pop_and(other, [](QueueHarness& h, const LeasedMessage& leased) {
        return outcome(h.run(h.queues().cancel(leased.message.id)));
    }));
    add(put(other, {.max_size = 77, .durability = Durability::relaxed}));
    add([](QueueHarness& h) { return outcome(h.run(h.queues().set_paused(other, true))); });
    add([](QueueHarness& h) { return outcome(h.run(h.queues().purge(stored))); });
    add(post(stored, {{.text = "last", .dedup = "d2"}}));
    add(put(unstored, {.max_size = 5, .durability = Durability::memory}));
    add([](QueueHarness& h) { return outcome(h.run(h.queues().delete_queue(other))); });
    return calls;
}

/// The pictures after each call when nothing fails; the first is that of the start.
std::vector<std::string> pictures_without_faults(StoreKind kind) {
    QueueHarness h(kind);
    std::vector<std::string> pictures{picture(h)};
    for (const auto& call : workload()) {
        EXPECT_EQ(call(h), "ok");
        pictures.push_back(picture(h));
    }
    return pictures;
}

HarnessOptions with(const std::shared_ptr<StoreProbe>& probe) {
    return {.wrap_store = [probe](auto store) {
        return std::make_unique<ProbeStore>(std::move(store), probe);
    }};
}

/// Runs the workload; the one call that fails must leave everything as it was, and work when it is
/// made again.
void expect_refusal_undone(QueueHarness& h, const std::vector<std::string>& pictures, Errc code) {
    const auto calls = workload();
    int refused = 0;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        auto result = calls[i](h);
        if (result == to_string(code)) {
            ++refused;
            EXPECT_EQ(picture(h), pictures[i]) << "after refused call " << i;
            EXPECT_EQ(outcome(h.queues().health()), "ok");
            result = calls[i](h);
        }
        EXPECT_EQ(result, "ok") << i;
        EXPECT_EQ(picture(h), pictures[i + 1]) << "after call " << i;
    }
    EXPECT_LE(refused, 1);
}

TEST(StoreFaults, a_full_store_refuses_and_undoes_the_nth_commit) {
    const auto pictures = pictures_without_faults({});
    const auto probe = std::make_shared<StoreProbe>();
    std::int64_t n = 0;
    do {
        SCOPED_TRACE(++n);
        QueueHarness h({}, with(probe));
        probe->fail_commit(n, Errc::storage_full);
        expect_refusal_undone(h, pictures, Errc::storage_full);
    } while (probe->fired());
    EXPECT_GT(n, 15);
}

TEST(StoreFaults, a_broken_store_refuses_everything_until_it_is_opened_again) {
    const auto pictures = pictures_without_faults({});
    const auto probe = std::make_shared<StoreProbe>();
    for (const bool written : {false, true}) {
        std::int64_t n = 0;
        do {
            SCOPED_TRACE(++n);
            QueueHarness h({}, with(probe));
            probe->fail_commit(n, Errc::storage_io, written);
            const auto calls = workload();
            std::size_t done = 0;
            while (done < calls.size() && calls[done](h) == "ok") ++done;
            if (!probe->fired()) break;
            EXPECT_EQ(outcome(h.queues().health()), "storage_io");
            EXPECT_EQ(outcome(h.run(h.queues().list_queues())), "storage_io");
            EXPECT_EQ(outcome(h.run(h.queues().get_queue(stored))), "storage_io");
            EXPECT_EQ(outcome(h.run(h.queues().post(stored, messages_of({{}})))), "storage_io");
            h.reopen();
            EXPECT_EQ(outcome(h.queues().health()), "ok");
            const auto& expected = pictures[written ? done + 1 : done];
            EXPECT_EQ(picture(h), expected) << written;
        } while (probe->fired());
        EXPECT_GT(n, 15);
    }
}

TEST(StoreFaults, a_broken_store_ends_waits) {
    const auto probe = std::make_shared<StoreProbe>();
    QueueHarness h({}, with(probe));
    must(h.run(h.queues().put_queue(stored, {})));
    must(h.run(h.queues().put_queue(other, {})));
    auto pop = h.start(h.queues().pop({.queue = other, .wait = Deadline::never()}));
    probe->fail_commit(1, Errc::storage_io);
    EXPECT_EQ(outcome(h.run(h.queues().post(stored, messages_of({{}})))), "storage_io");
    EXPECT_EQ(outcome(pop.get()), "storage_io");
}

TEST(StoreFaults, queues_in_memory_do_not_feel_a_full_store) {
    const auto probe = std::make_shared<StoreProbe>();
    QueueHarness h({}, with(probe));
    must(h.run(h.queues().put_queue(stored, {})));
    must(h.run(h.queues().put_queue(unstored, {.durability = Durability::memory})));
    auto parked = h.start(h.queues().pop({.queue = unstored, .wait = Deadline::never()}));
    must(h.run(h.queues().stats(unstored)));
    probe->hold();
    auto first = h.start(h.queues().post(stored, messages_of({{.text = "first"}})));
    probe->wait_held();
    // The next batch holds a post that is refused, one in memory, and the parked pop that it
    // serves.
    auto refused = h.start(h.queues().post(stored, messages_of({{.text = "refused"}})));
    auto served = h.start(h.queues().post(unstored, messages_of({{.text = "m"}})));
    probe->fail_commit(2, Errc::storage_full);
    probe->release();
    EXPECT_EQ(outcome(first.get()), "ok");
    EXPECT_EQ(outcome(refused.get()), "storage_full");
    EXPECT_EQ(outcome(served.get()), "ok");
    EXPECT_EQ(must(parked.get()).at(0).message.data->content.view(), "m");
    EXPECT_EQ(must(h.run(h.queues().stats(unstored))).leased, 1);
    EXPECT_EQ(must(h.run(h.queues().stats(stored))).ready, 1);
}

TEST(StoreFaults, a_queue_in_memory_whose_end_was_refused_has_its_messages) {
    const auto probe = std::make_shared<StoreProbe>();
    QueueHarness h({}, with(probe));
    const QueueConfig in_memory{
        .durability = Durability::memory, .dedup_window = std::chrono::seconds(60)};
    must(h.run(h.queues().put_queue(unstored, in_memory)));
    must(h.run(h.queues().post(unstored,
        messages_of({{.text = "a", .dedup = "k"}, {.text = "b"}, {.delay = Duration(50)}}))));
    const auto leased = must(h.run(h.queues().pop({.queue = unstored}))).at(0);
    must(h.run(h.queues().reply(leased.message.id, Bytes("r"), "")));
    const auto before = picture(h, unstored);
    probe->fail_commit(1, Errc::storage_full);
    EXPECT_EQ(outcome(h.run(h.queues().delete_queue(unstored))), "storage_full");
    EXPECT_EQ(picture(h, unstored), before);
    // The same when another one had taken its name, with what is known of that one.
    probe->hold();
    auto blocker = h.start(h.queues().put_queue(other, {}));
    probe->wait_held();
    auto waiting = h.start(
        h.queues().pop({.queue = unstored, .wait = Deadline::never(), .level = Level::low}));
    auto deleting = h.start(h.queues().delete_queue(unstored));
    auto missing = h.start(h.queues().get_queue(unstored));
    auto making = h.start(h.queues().put_queue(unstored, in_memory));
    auto posting = h.start(h.queues().post(unstored, messages_of({{.text = "to nobody"}})));
    probe->fail_commit(2, Errc::storage_full);
    probe->release();
    must(blocker.get());
    for (const auto& result : {outcome(deleting.get()), outcome(missing.get()),
             outcome(making.get()), outcome(posting.get())}) {
        EXPECT_EQ(result, "storage_full");
    }
    EXPECT_EQ(picture(h, unstored), before);
    EXPECT_TRUE(
        must(h.run(h.queues().post(unstored, messages_of({{.dedup = "k"}})))).front().duplicate);
    EXPECT_EQ(outcome(h.run(h.queues().ack(leased.receipt))), "ok");
    h.advance(Duration(50));
    EXPECT_EQ(must(h.run(h.queues().stats(unstored))).ready, 2);
    must(h.run(h.queues().post(unstored, messages_of({{.text = "low", .level = Level::low}}))));
    EXPECT_EQ(must(waiting.get()).at(0).message.data->content.view(), "low");
    EXPECT_EQ(outcome(h.run(h.queues().delete_queue(unstored))), "ok");
    EXPECT_EQ(outcome(h.run(h.queues().get_queue(unstored))), "queue_not_found");
}

TEST(StoreFaults, what_a_refused_pop_gives_back_goes_to_the_next_in_line) {
    const auto probe = std::make_shared<StoreProbe>();
    QueueHarness h({}, with(probe));
    must(h.run(h.queues().put_queue(stored, {})));
    must(h.run(h.queues().post(stored, messages_of({{.text = "m"}}))));
    probe->hold();
    auto blocker = h.start(h.queues().put_queue(other, {}));
    probe->wait_held();
    auto taker = h.start(h.queues().pop({.queue = stored, .wait = Deadline::never()}));
    auto waiter = h.start(h.queues().pop({.queue = stored, .wait = Deadline::never()}));
    probe->fail_commit(2, Errc::storage_full);
    probe->release();
    EXPECT_EQ(outcome(blocker.get()), "ok");
    EXPECT_EQ(outcome(taker.get()), "storage_full");
    EXPECT_EQ(must(waiter.get()).at(0).message.data->content.view(), "m");
}

TEST(StoreFaults, contents_that_cannot_be_read_lease_nothing) {
    const auto probe = std::make_shared<StoreProbe>();
    QueueHarness h({.cold = true}, with(probe));
    must(h.run(h.queues().put_queue(stored, {.max_failures = 1})));
    const auto id = must(h.run(h.queues().post(stored, messages_of({{.text = "m"}})))).front().id;
    must(h.run(h.queues().reply(id, Bytes("r"), "")));
    probe->fail_reads(true);
    EXPECT_EQ(outcome(h.run(h.queues().pop({.queue = stored}))), "storage_io");
    EXPECT_EQ(outcome(h.run(h.queues().peek({.queue = stored}))), "storage_io");
    EXPECT_EQ(outcome(h.run(h.queues().get(id))), "storage_io");
    EXPECT_EQ(outcome(h.run(h.queues().get_reply(id))), "storage_io");
    EXPECT_EQ(must(h.run(h.queues().stats(stored))).ready, 1);
    probe->fail_reads(false);
    EXPECT_EQ(must(h.run(h.queues().pop({.queue = stored}))).at(0).message.failures, 0);
}

class DatabaseFaults : public ::testing::Test {
protected:
    HarnessOptions options() {
        return {.wrap_database = [this](db::Database& database) {
            return std::make_unique<FaultyDatabase>(database, plan);
        }};
    }
    FaultPlan plan;
};

TEST_F(DatabaseFaults, a_full_disk_at_the_nth_statement_refuses_and_undoes) {
    const auto pictures = pictures_without_faults({.sqlite = true});
    std::int64_t n = 0;
    do {
        SCOPED_TRACE(++n);
        QueueHarness h({.sqlite = true}, options());
        plan.fail_call(n, Errc::storage_full);
        expect_refusal_undone(h, pictures, Errc::storage_full);
    } while (plan.fired());
    EXPECT_GT(n, 60);
}

TEST_F(DatabaseFaults, a_broken_disk_at_the_nth_statement_loses_nothing_that_was_answered) {
    const auto pictures = pictures_without_faults({.sqlite = true});
    std::int64_t n = 0;
    do {
        SCOPED_TRACE(++n);
        QueueHarness h({.sqlite = true}, options());
        plan.fail_call(n, Errc::storage_io);
        const auto calls = workload();
        std::size_t done = 0;
        while (done < calls.size() && calls[done](h) == "ok") ++done;
        if (!plan.fired()) break;
        EXPECT_EQ(outcome(h.queues().health()), "storage_io");
        h.reopen();
        EXPECT_EQ(picture(h), pictures[done]);
    } while (plan.fired());
    EXPECT_GT(n, 60);
}

}  // namespace
}  // namespace baton::test

#include "cluster_clients.h"

#include <algorithm>
#include <array>
#include <utility>

#include "cluster_sim.h"
#include "support/queue_letters.h"

namespace baton::test {
namespace {

using queue::Engine;
using queue::Store;

/// Whether the request certainly had no effect.
bool was_not_done(const Error& error) {
    return error.code == Errc::unavailable || error.code == Errc::storage_full;
}

constexpr Duration lease_time{4'000};

/// The content, which may be in the store only.
std::string body_of(Engine& engine, Store& store, const MessageView& view) {
    auto data = view.data;
    if (!data) {
        const auto at = must(engine.locate(view.id));
        data = must(store.read(std::vector{at})).front();
    }
    return data ? std::string(data->content.view()) : "nothing";
}

}  // namespace

SimClients::SimClients(SimCluster& cluster, ClusterLedger& ledger, std::vector<QueueName> queues)
    : cluster_(cluster),
      world_(cluster.world()),
      ledger_(ledger),
      queues_(std::move(queues)),
      is_empty_(queues_.size(), false),
      posts_(queues_.size(), 0) {
    const auto pace = [&] {
        constexpr std::array<std::int64_t, 3> paces{20, 120, 800};
        return paces[world_.chance.below(paces.size())];
    };
    post_pause_ms_ = pace();
    work_pause_ms_ = pace();
    read_pause_ms_ = pace();
    if (!world_.is_about_reading) return;
    post_pause_ms_ = work_pause_ms_ = 3'000;
    read_pause_ms_ = 20;
}

void SimClients::start() {
    for (std::size_t i = 0; i < queues_.size(); ++i) make_queue(i);
}

bool SimClients::found_all_empty() const { return std::ranges::all_of(is_empty_, std::identity()); }

void SimClients::make_queue(std::size_t number) {
    const auto& queue = queues_[number];
    const auto uid =
        queue::cluster::PartitionMap::make_uid(cluster_.map().of(queue), world_.chance.number());
    const std::chrono::seconds window(world_.mistake == Mistake::no_dedup ? 1 : 360'000);
    const auto put = [queue, uid, window](Engine& engine, Store&, TimePoint now) {
        const QueueConfig config{.dedup_window = window, .max_failures = 0};
        return engine.put_queue(queue, config, uid, now);
    };
    cluster_.call<bool>(queue, put, [this, number](const Result<bool>& made) {
        if (!made)
            return world_.agenda.after(Duration(100), [this, number] { make_queue(number); });
        for (int i = 0; i < 2; ++i) produce(number);
        for (int i = 0; i < 3; ++i) work(number);
        for (int i = 0; i < 4; ++i) read();
    });
}

void SimClients::produce(std::size_t number) {
    if (!is_posting_) return;
    const auto& queue = queues_[number];
    Post next{.queue = queue,
        .body = queue.text + "/" + std::to_string(++posts_[number]),
        .key = {},
        .is_safe = !world_.chance.one_in(4)};
    // One try after the other, so posts of one key come in the order of their numbers.
    if (next.is_safe && world_.chance.one_in(2)) {
        next.key = "key" + std::to_string(world_.chance.below(3));
    }
    ledger_.posting(next.body, next.key.empty() ? "" : queue.text + "/" + next.key);
    post(number, next);
}

void SimClients::post(std::size_t number, const Post& what) {
    const bool has_order = world_.mistake != Mistake::no_order;
    const auto apply = [what, has_order](Engine& engine, Store&, TimePoint now) {
        NewMessage message;
        std::string body = what.body;
        message.data.content = Bytes(std::move(body));
        if (has_order) message.data.ordering_key = what.key;
        if (what.is_safe) message.data.dedup_key = what.body;
        std::vector<NewMessage> messages;
        messages.push_back(std::move(message));
        return engine.post(what.queue, std::move(messages), now);
    };
    const auto done = [this, number, what](const Result<queue::Posted>& posted) {
        if (posted) {
            ++answered_posts_;
            ledger_.posted(what.body, posted->messages.front().id);
        }
        const bool again = !posted && (what.is_safe || was_not_done(posted.error()));
        const auto pause =
            posted ? world_.chance.between(1, post_pause_ms_) : world_.chance.between(20, 200);
        world_.agenda.after(pause, [this, number, what, again] {
            if (again) return post(number, what);
            produce(number);
        });
    };
    cluster_.call<queue::Posted>(what.queue, apply, done, what.is_safe);
}

void SimClients::work(std::size_t number) {
    using Popped = std::vector<std::pair<LeasedMessage, std::string>>;
    const auto queue = queues_[number];
    const auto max = static_cast<std::uint32_t>(1 + world_.chance.below(4));
    const auto apply = [queue, max](Engine& engine, Store& store, TimePoint now) -> Result<Popped> {
        Popped popped;
        BATON_TRY(auto leased, engine.pop({.queue = queue, .max = max, .lease = lease_time}, now));
        for (auto& each : leased) {
            auto body = body_of(engine, store, each.message);
            popped.emplace_back(std::move(each), std::move(body));
        }
        return popped;
    };
    cluster_.call<Popped>(queue, apply, [this, number](const Result<Popped>& popped) {
        if (popped) {
            for (const auto& [leased, body] : *popped) {
                ledger_.delivered(leased, lease_time, body);
                work_on(leased);
            }
        }
        if (!is_posting_ && popped && popped->empty()) count(number);
        world_.agenda.after(
            world_.chance.between(10, 10 + work_pause_ms_), [this, number] { work(number); });
    });
}

/// Usually it goes well; the times are true time, which leases are not.
void SimClients::work_on(const LeasedMessage& leased) {
    const auto receipt = leased.receipt;
    if (world_.is_calm || !world_.chance.one_in(5)) {
        return world_.agenda.after(
            world_.chance.between(1, 600), [this, receipt] { ack(receipt); });
    }
    switch (world_.chance.below(3)) {
        case 0: return;  // the worker dies
        case 1:
            return world_.agenda.after(
                world_.chance.between(1, 600), [this, receipt] { give_back(receipt); });
        default:
            return world_.agenda.after(
                world_.chance.between(500, 5'000), [this, leased] { extend(leased); });
    }
}

void SimClients::ack(const Receipt& receipt) {
    ledger_.acking(receipt.message);
    const bool is_lost = world_.mistake == Mistake::loses_acks && world_.chance.one_in(50);
    const auto apply = [receipt, is_lost](Engine& engine, Store&, TimePoint now) -> Result<bool> {
        if (is_lost) return true;
        BATON_TRY_VOID(engine.ack(receipt, now));
        return true;
    };
    cluster_.call<bool>(receipt.message, apply, [this, receipt](const Result<bool>& acked) {
        if (acked) return ledger_.acked(receipt);
        if (acked.error().code == Errc::lease_lost || world_.chance.one_in(3)) return;
        world_.agenda.after(Duration(100), [this, receipt] { ack(receipt); });
    });
}

void SimClients::give_back(const Receipt& receipt) {
    ledger_.giving_back(receipt);
    const auto apply = [receipt](Engine& engine, Store&, TimePoint now) -> Result<bool> {
        BATON_TRY_VOID(engine.nack({.receipt = receipt, .delay = Duration(200)}, now));
        return true;
    };
    cluster_.call<bool>(receipt.message, apply, [](const Result<bool>&) {});
}

void SimClients::extend(const LeasedMessage& leased) {
    const auto receipt = leased.receipt;
    const bool is_real = world_.mistake != Mistake::lends_twice;
    const auto apply = [receipt, is_real](
                           Engine& engine, Store&, TimePoint now) -> Result<TimePoint> {
        return is_real ? engine.extend(receipt, lease_time, now) : now + lease_time;
    };
    const auto done = [this, receipt](const Result<TimePoint>& until) {
        if (!until) return;
        ledger_.extended(receipt, *until);
        world_.agenda.after(world_.chance.between(1, 600), [this, receipt] { ack(receipt); });
    };
    cluster_.call<TimePoint>(receipt.message, apply, done);
}

void SimClients::read() {
    const auto look = ledger_.look(world_.chance);
    const auto again = [this] {
        world_.agenda.after(world_.chance.between(2, 2 + read_pause_ms_), [this] { read(); });
    };
    if (look.id == MessageId{}) return again();
    const auto apply = [id = look.id](Engine& engine, Store&, TimePoint now) -> Result<bool> {
        const auto view = engine.get(id, now);
        if (!view && view.error().code != Errc::message_not_found) return fail(view.error());
        return view && view->state != MessageState::done;
    };
    cluster_.call<bool>(look.id, apply, [this, look, again](const Result<bool>& is_there) {
        if (is_there) ledger_.looked(look, *is_there);
        again();
    });
}

void SimClients::count(std::size_t number) {
    const auto queue = queues_[number];
    const auto apply = [queue](Engine& engine, Store&, TimePoint) { return engine.stats(queue); };
    cluster_.call<QueueStats>(queue, apply, [this, number](const Result<QueueStats>& stats) {
        if (stats) is_empty_[number] = stats->message_count == 0;
    });
}

}  // namespace baton::test

#include "cluster_load.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "client/connection.h"
#include "client/queue_client.h"
#include "net/client.h"
#include "queue/cluster/assignment.h"
#include "queue/cluster/partition_map.h"
#include "runtime/io_pool.h"
#include "support/eventually.h"
#include "support/noise.h"
#include "support/queue_letters.h"

namespace baton::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds call_timeout{15'000};
constexpr std::uint64_t numbers_per_producer = 1'000'000'000;

/// Names with which the partition under load goes to the fourth daemon each time that it comes,
/// whether the others have shared what the first one led or not.
std::vector<std::string> make_names() {
    using namespace queue::cluster;
    const auto partition = ClusterLoad::partition();
    for (int i = 0;; ++i) {
        std::vector<Candidate> candidates;
        for (const char letter : {'a', 'b', 'c', 'd'}) {
            const auto name = fmt::format("{}{}", letter, i);
            candidates.push_back({.id = DaemonId(name), .name = name});
        }
        const auto fourth = candidates.back();
        const auto moves = [&](const Leaders& from) {
            return assign(candidates, from)[partition] == fourth.id;
        };
        const std::vector<Candidate> three(candidates.begin(), candidates.end() - 1);
        const Leaders alone(ClusterLoad::partitions, candidates.front().id);
        const auto shared = assign(three, alone);
        auto left = assign(candidates, shared);
        std::ranges::replace(left, std::optional(fourth.id), std::optional<DaemonId>());
        if (!moves(alone) || !moves(shared) || !moves(assign(three, left))) continue;
        std::vector<std::string> names;
        for (const auto& candidate : candidates) names.push_back(candidate.name);
        return names;
    }
}

/// A client of its own for one thread; it goes to another address whenever it is told one.
class Caller {
public:
    explicit Caller(std::string key) : key_(std::move(key)) {}

    template <class Call>
    auto run(const std::string& url, const Call& call) {
        client::Connection connection(
            *http_, {.url = url, .key = Secret(key_), .request_timeout = call_timeout});
        client::QueueClient queues(connection);
        return pool_.run(call(queues));
    }

private:
    std::string key_;
    IoPool pool_{1};
    std::unique_ptr<net::Client> http_ = net::make_client({});
};

}  // namespace

ClusterLoad::ClusterLoad(ClusterLoadOptions options)
    : options_(std::move(options)),
      names_(make_names()),
      nats_({.nodes = 3, .can_cut = options_.can_cut, .server_settings = options_.nats_settings}) {
    std::vector<std::thread> starts;
    // Side by side: none is ready before every partition has a leader.
    daemons_.resize(options_.daemons);
    links_.resize(options_.daemons);
    avoided_.resize(options_.daemons);
    for (std::size_t i = 0; i < options_.daemons; ++i) {
        if (i == 0) {
            daemons_[0] = Daemon::start(daemon_options(0));  // makes the key the others take
            std::ifstream(dir_ / "admin.key") >> key_;
            continue;
        }
        starts.emplace_back([this, i] { daemons_[i] = Daemon::start(daemon_options(i)); });
    }
    for (auto& start : starts) start.join();
    publish();
    make_queue();
    for (std::size_t i = 0; i < options_.producers; ++i) {
        producers_.emplace_back([this, i] { produce(i); });
    }
    for (std::size_t i = 0; i < options_.consumers; ++i) {
        consumers_.emplace_back([this, i] { consume(i); });
    }
}

ClusterLoad::~ClusterLoad() {
    producing_ = consuming_ = false;
    for (auto& thread : producers_) {
        if (thread.joinable()) thread.join();
    }
    for (auto& thread : consumers_) {
        if (thread.joinable()) thread.join();
    }
    if (testing::Test::HasFailure()) print_logs();
}

void ClusterLoad::print_logs() {
    for (std::size_t i = 0; i < daemons_.size(); ++i) {
        if (!daemons_[i]) continue;
        fmt::print("--- {}, since its last start\n{}\n", names_[i], daemons_[i]->process().err());
    }
}

DaemonOptions ClusterLoad::daemon_options(std::size_t daemon) {
    std::vector<std::string> servers;
    for (const auto& url : nats_.urls()) {
        const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
        links_[daemon].push_back(std::make_unique<FaultProxy>(port));
        servers.push_back(fmt::format("nats://127.0.0.1:{}", links_[daemon].back()->port()));
    }
    DaemonOptions options;
    options.settings = {"queue.store=jetstream",
        fmt::format("nats.servers=[\"{}\"]", fmt::join(servers, "\",\"")),
        "nats.user=" + nats_.user().name, "nats.password=" + nats_.user().password,
        fmt::format("cluster.partitions={}", partitions), "cluster.node=" + names_.at(daemon),
        std::string("cluster.log_size=") + options_.log_size,
        "access.admin_key_file=" + (dir_ / "admin.key").string()};
    options.ready_timeout = milliseconds(60'000);
    return options;
}

void ClusterLoad::publish() {
    const std::scoped_lock lock(mutex_);
    urls_.clear();
    for (std::size_t i = 0; i < daemons_.size(); ++i) {
        if (!avoided_[i]) urls_.push_back(daemons_[i]->url());
    }
}

void ClusterLoad::make_queue() {
    Caller caller(key_);
    const QueueName name{std::string(queue)};
    must(caller.run(daemons_.front()->url(),
        [&](client::QueueClient& queues) { return queues.put(name, {}); }));
}

std::string ClusterLoad::url_for(std::size_t turn) const {
    const std::scoped_lock lock(mutex_);
    return urls_[turn % urls_.size()];
}

Outcome ClusterLoad::failed(const Error& error) {
    {
        const std::scoped_lock lock(mutex_);
        ++errors_[{error.code, error.code == Errc::connection_failed ? "" : error.detail}];
    }
    switch (error.code) {
        case Errc::unavailable:
        case Errc::queue_unavailable:
        case Errc::overloaded:
        case Errc::queue_not_found: return Outcome::refused;
        default: return Outcome::unknown;
    }
}

std::map<SeenError, std::size_t> ClusterLoad::errors() const {
    const std::scoped_lock lock(mutex_);
    return errors_;
}

void ClusterLoad::produce(std::size_t index) {
    Caller caller(key_);
    const QueueName name{std::string(queue)};
    for (std::uint64_t i = 0; producing_; ++i) {
        const std::uint64_t number = index * numbers_per_producer + i;
        NewMessage message;
        // The number, and what is no smaller in the log for being compressed there.
        message.data.content = Bytes(std::to_string(number) + ' ' + noise(100, number));
        if (i % 2 == 0) message.data.ordering_key = fmt::format("key-{}", index);
        PostEvent event{.number = number, .key = message.data.ordering_key};
        std::vector<NewMessage> messages;
        messages.push_back(std::move(message));
        event.at.begin = std::chrono::steady_clock::now();
        const auto posted = caller.run(url_for(index + i),
            [&](client::QueueClient& queues) { return queues.post(name, std::move(messages)); });
        event.at.end = std::chrono::steady_clock::now();
        event.outcome = posted ? Outcome::done : failed(posted.error());
        if (posted) event.id = posted->front().id.text();
        history_.add(std::move(event));
        std::this_thread::sleep_for(posted ? options_.pause : milliseconds(50));
    }
}

void ClusterLoad::consume(std::size_t index) {
    Caller caller(key_);
    const QueueName name{std::string(queue)};
    for (std::size_t i = 0; consuming_; ++i) {
        const client::PopOptions pop{.max = 20, .lease = options_.lease, .wait = Duration(500)};
        CallTime at{.begin = std::chrono::steady_clock::now()};
        const auto popped = caller.run(
            url_for(index + i), [&](client::QueueClient& queues) { return queues.pop(name, pop); });
        at.end = std::chrono::steady_clock::now();
        if (!popped) {
            static_cast<void>(failed(popped.error()));
            std::this_thread::sleep_for(milliseconds(50));
            continue;
        }
        std::vector<std::string> receipts;
        for (const auto& leased : *popped) {
            const auto receipt = leased.receipt.text();
            history_.add(DeliveryEvent{
                .number = std::stoull(std::string(leased.message.data->content.view())),
                .id = leased.message.id.text(),
                .receipt = receipt,
                .at = at,
                .lease = options_.lease});
            receipts.push_back(receipt);
        }
        if (receipts.empty()) continue;
        // A daemon that refuses may be cut off: the next one is asked, as a client would.
        for (std::size_t next = 1; next <= options_.daemons && !receipts.empty(); ++next) {
            at.begin = std::chrono::steady_clock::now();
            const auto settled = caller.run(url_for(index + i + next),
                [&](client::QueueClient& queues) { return queues.ack(name, receipts); });
            at.end = std::chrono::steady_clock::now();
            receipts = add_acks(std::move(receipts), at, settled);
        }
    }
}

std::vector<std::string> ClusterLoad::add_acks(
    std::vector<std::string> receipts, CallTime at, const Result<client::Settled>& settled) {
    std::map<std::string, Error> failures;
    if (settled) {
        for (const auto& failure : settled->failures) failures[failure.receipt] = failure.error;
    } else {
        for (const auto& receipt : receipts) failures[receipt] = settled.error();
    }
    std::vector<std::string> refused;
    for (auto& receipt : receipts) {
        AckEvent event{.receipt = receipt, .at = at};
        if (const auto failure = failures.find(receipt); failure != failures.end()) {
            const Error& error = failure->second;
            event.outcome = error.code == Errc::lease_lost ? Outcome::refused : failed(error);
            const bool may_be_tried_again =
                event.outcome == Outcome::refused && is_retryable(error.code);
            if (may_be_tried_again) refused.push_back(receipt);
        }
        history_.add(std::move(event));
    }
    return refused;
}

void ClusterLoad::add_daemon() {
    links_.emplace_back();
    auto daemon = Daemon::start(daemon_options(links_.size() - 1));
    daemons_.push_back(std::move(daemon));
    avoided_.push_back(false);
    publish();
}

void ClusterLoad::remove_daemon() {
    avoid(daemons_.size() - 1, true);
    daemons_.back()->terminate();
    if (!daemons_.back()->wait_exit()) throw std::runtime_error("a daemon does not end");
    daemons_.pop_back();
    avoided_.pop_back();
    links_.pop_back();
}

void ClusterLoad::restart(std::size_t daemon) {
    daemons_.at(daemon)->restart();
    publish();
}

void ClusterLoad::avoid(std::size_t daemon, bool avoided) {
    avoided_.at(daemon) = avoided;
    publish();
}

void ClusterLoad::cut_off(std::size_t daemon, bool is_cut) {
    for (const auto& link : links_.at(daemon)) link->set_link(is_cut ? Link::hold : Link::pass);
}

milliseconds ClusterLoad::time_to_accept(milliseconds patience) {
    const auto begin = std::chrono::steady_clock::now();
    std::optional<HistoryTime> first;
    const bool in_time = eventually(
        [&] {
            first = history_.first_post_after(begin);
            return first.has_value();
        },
        patience);
    if (!in_time) throw std::runtime_error("no post was accepted");
    return std::chrono::duration_cast<milliseconds>(*first - begin);
}

void ClusterLoad::run_for(milliseconds time) { std::this_thread::sleep_for(time); }

std::uint32_t ClusterLoad::partition() {
    return queue::cluster::PartitionMap(partitions).of(std::string_view(queue));
}

std::string ClusterLoad::metrics_of(std::size_t daemon) const {
    IoPool pool(1);
    const auto http = net::make_client({});
    net::ClientRequest request;
    request.url = "http://" + daemons_.at(daemon)->metrics_address() + "/metrics";
    const auto answer =
        pool.run(http->send(std::move(request), Deadline::after(milliseconds(2'000))));
    return answer ? std::string(answer->body) : std::string();
}

bool ClusterLoad::last_one_leads() const {
    constexpr std::string_view name = "\nbaton_cluster_partitions_led ";
    const auto metrics = metrics_of(daemons_.size() - 1);
    const auto at = metrics.find(name);
    return at != std::string::npos && metrics.at(at + name.size()) != '0';
}

std::size_t ClusterLoad::leader() {
    const auto line = fmt::format("baton_cluster_leads{{partition=\"{}\"}} 1\n", partition());
    std::optional<std::size_t> found;
    const bool is_led = eventually(
        [&] {
            for (std::size_t i = 0; i < daemons_.size() && !found; ++i) {
                if (avoided_[i]) continue;
                if (metrics_of(i).find(line) != std::string::npos) found = i;
            }
            return found.has_value();
        },
        std::chrono::seconds(20));
    if (!is_led) throw std::runtime_error("no daemon leads");
    return *found;
}

void ClusterLoad::fill(std::uint64_t messages) {
    constexpr std::uint64_t batch = 1'000;
    std::string text;
    for (int i = 0;
        text.empty() || queue::cluster::PartitionMap(partitions).of(text) != partition(); ++i) {
        text = fmt::format("backlog-{}", i);
    }
    const QueueName name{text};
    Caller caller(key_);
    const auto url = daemons_.at(leader())->url();
    must(caller.run(url, [&](client::QueueClient& queues) { return queues.put(name, {}); }));
    for (std::uint64_t posted = 0; posted < messages; posted += batch) {
        must(caller.run(url, [&](client::QueueClient& queues) {
            std::vector<NewMessage> messages_of_batch(batch);
            for (std::uint64_t i = 0; i < batch; ++i) {
                messages_of_batch[i].data.content = Bytes(noise(256, posted + i));
            }
            return queues.post(name, std::move(messages_of_batch));
        }));
    }
}

bool ClusterLoad::is_empty() const {
    Caller caller(key_);
    const QueueName name{std::string(queue)};
    const auto stats =
        caller.run(url_for(0), [&](client::QueueClient& queues) { return queues.stats(name); });
    return stats && stats->message_count == 0;
}

std::string ClusterLoad::finish() {
    producing_ = false;
    for (auto& thread : producers_) thread.join();
    producers_.clear();
    const bool is_drained = eventually([&] { return is_empty(); }, std::chrono::seconds(90));
    consuming_ = false;
    for (auto& thread : consumers_) thread.join();
    consumers_.clear();
    std::string found = is_drained ? "" : "the queue was not emptied; ";
    std::size_t told = 0;
    for (const auto& line : history_.breaches(is_drained)) {
        if (++told <= 20) found += line + "; ";
    }
    if (told > 20) found += fmt::format("and {} more", told - 20);
    return found;
}

}  // namespace baton::test

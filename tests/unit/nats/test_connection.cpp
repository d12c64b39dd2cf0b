// A connection to a server that falls silent.
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "nats/connection.h"
#include "nats/messaging.h"
#include "support/eventually.h"
#include "support/fault_proxy.h"
#include "support/nats_cluster.h"
#include "support/queue_letters.h"
#include "support/temp_dir.h"

namespace baton::test {
namespace {

std::uint16_t port_of(const std::string& url) {
    return static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
}

/// The library finds out about one after the other, and waits in between as long as it tries to
/// connect: here that is longer than the test is patient.
TEST(Connection, each_of_several_is_known_to_be_lost_while_the_library_tries_to_connect) {
    NatsCluster server({.nodes = 1, .parent = fast_place()});
    std::array<FaultProxy, 3> links;
    std::vector<std::string> urls;
    for (auto& link : links) {
        link.set_target(port_of(server.urls().front()));
        urls.push_back(fmt::format("nats://127.0.0.1:{}", link.port()));
    }
    std::vector<std::shared_ptr<nats::Connection>> connections;
    for (const Duration ping_interval : {Duration(100), Duration(400), Duration(700)}) {
        connections.push_back(must(nats::connect({.servers = urls,
            .user = server.user().name,
            .password = Secret(server.user().password),
            .connect_timeout = Duration(60'000),
            .ping_interval = ping_interval})));
        EXPECT_TRUE(connections.back()->is_connected());
    }
    const auto all = [&](bool are_connected) {
        return eventually([&] {
            return std::ranges::all_of(connections, [&](const auto& connection) {
                return connection->is_connected() == are_connected;
            });
        });
    };
    for (auto& link : links) link.set_link(Link::hold);
    EXPECT_TRUE(all(false));
    for (auto& link : links) link.set_link(Link::pass);
    EXPECT_TRUE(all(true));
}

/// Whoever sends it has a receiver or hears that there is none.
TEST(Subscription, what_came_before_it_ends_is_received) {
    NatsCluster server({.nodes = 1, .parent = fast_place()});
    const nats::ConnectionConfig config{.servers = server.urls(),
        .user = server.user().name,
        .password = Secret(server.user().password)};
    const auto messaging = nats::make_messaging(must(nats::connect(config)));
    const auto sender = nats::make_messaging(must(nats::connect(config)));
    std::atomic<int> received{0};
    std::atomic<bool> has_ended{false};
    auto subscription = must(messaging->subscribe("work", [&](const nats::Delivery&) {
        ++received;
        EXPECT_TRUE(eventually([&] { return has_ended.load(); }));
    }));
    const auto inbox = sender->make_inbox();
    std::atomic<int> refused{0};
    const auto answers = must(sender->subscribe(inbox, [&](const nats::Delivery& answer) {
        refused += answer.nobody_listens ? 1 : 0;
        has_ended = true;
    }));
    int sent = 0;
    const auto send = [&] { sent += sender->publish("work", inbox, "one").has_value() ? 1 : 0; };
    for (int i = 0; i < 10; ++i) send();
    EXPECT_TRUE(eventually([&] { return received == 1; }));
    std::thread end([&] { subscription.reset(); });
    EXPECT_TRUE(eventually([&] {
        send();
        return has_ended.load();
    }));
    end.join();
    EXPECT_TRUE(eventually([&] { return received + refused == sent; })) << received << refused;
}

/// Somebody who looks at all that goes on answers nothing.
TEST(Connection, one_who_listens_to_everything_changes_nothing) {
    NatsCluster server({.nodes = 1, .parent = fast_place()});
    const nats::ConnectionConfig config{.servers = server.urls(),
        .user = server.user().name,
        .password = Secret(server.user().password),
        .ping_interval = Duration(200)};
    std::atomic<int> heard{0};
    const auto messaging = nats::make_messaging(must(nats::connect(config)));
    const auto listening = must(messaging->subscribe(">", [&](const nats::Delivery&) { ++heard; }));
    const auto connection = must(nats::connect(config));
    // Longer than a server may be silent.
    EXPECT_TRUE(eventually([&] { return heard >= 20; }));
    EXPECT_TRUE(connection->is_connected());
}

}  // namespace
}  // namespace baton::test

// Commands between two daemons, over a real server.
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "nats/connection.h"
#include "nats/messaging.h"
#include "queue/cluster/nats_transport.h"
#include "support/eventually.h"
#include "support/nats_cluster.h"
#include "support/queue_letters.h"
#include "support/task_thread.h"
#include "support/temp_dir.h"

namespace baton::queue::cluster {
namespace {

using test::eventually;
using test::must;
using test::outcome;

/// The only partition is led by `leader`; `other` asks.
class Transports : public ::testing::Test {
protected:
    Transports() { directory.set({{DaemonId("leader"), true}}, {}); }

    std::unique_ptr<NatsTransport> make(const std::string& id, Receive receive) {
        const auto connection = must(nats::connect({.servers = server.urls(),
            .user = server.user().name,
            .password = Secret(server.user().password)}));
        return must(make_nats_transport({.id = DaemonId(id), .message_bytes_max = 1'000'000},
            nats::make_messaging(connection), directory, std::move(receive), {}));
    }
    Task<Result<Bytes>> ask(NatsTransport& from) {
        return from.call(remote::Partition{0}, Bytes(std::string("?")),
            Deadline::after(std::chrono::seconds(20)));
    }

    test::NatsCluster server{{.nodes = 1, .parent = test::fast_place()}};
    Directory directory{1};
    std::mutex mutex;
    std::vector<Completion<Bytes>> held;  ///< answers of the leader
    std::atomic<bool> holds{false};
    std::unique_ptr<NatsTransport> leader =
        make("leader", [this](Partition, const Bytes&, Completion<Bytes>& answer) {
            if (!holds) {
                answer(Bytes(std::string("!")));
                return true;
            }
            const std::scoped_lock lock(mutex);
            held.push_back(std::move(answer));
            return true;
        });
    std::unique_ptr<NatsTransport> other =
        make("other", [](Partition, const Bytes&, Completion<Bytes>&) { return false; });
    test::TaskThread thread;
};

TEST_F(Transports, one_that_is_closed_goes_on_taking_commands_until_it_leaves) {
    leader->close();
    EXPECT_EQ(outcome(thread.run(ask(*leader))), "shutting_down");
    EXPECT_EQ(must(thread.run(ask(*other))).view(), "!");
    leader->leave();
    EXPECT_EQ(outcome(thread.run(ask(*other))), "unavailable");
}

TEST_F(Transports, what_was_received_is_answered_after_the_receiver_has_left) {
    holds = true;
    auto asking = thread.start(ask(*other));
    EXPECT_TRUE(eventually([&] {
        const std::scoped_lock lock(mutex);
        return !held.empty();
    }));
    leader->leave();
    held.front()(Bytes(std::string("late")));
    EXPECT_EQ(must(asking.get()).view(), "late");
}

}  // namespace
}  // namespace baton::queue::cluster

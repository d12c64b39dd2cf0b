// Three real NATS servers and three daemons under load, and everything that may happen to them. The
// history of what clients saw is the judge. BATON_CLUSTER_ROUNDS says how often each fault comes
// (1).
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "cluster_load.h"
#include "support/stream_files.h"

namespace baton::test {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds nats_fault_max{10'000};
constexpr milliseconds daemon_fault_max{5'000};
/// Until a daemon that has joined leads a partition, also when something had failed just before.
constexpr milliseconds balance_time{45'000};
/// How long a server hangs, or is cut off.
constexpr milliseconds hang_time{15'000};
/// When a server that has come back is not healthy by then, an operator restarts it.
constexpr milliseconds recovery_patience{60'000};

int rounds() {
    const char* const text = std::getenv("BATON_CLUSTER_ROUNDS");
    return text == nullptr ? 1 : std::stoi(text);
}

bool is_timed() { return std::getenv("BATON_CLUSTER_ROUNDS") != nullptr; }

std::array<std::string, 2> log_streams(std::uint32_t partition) {
    return {fmt::format("baton-log-{}", partition), fmt::format("baton-log-{}-b", partition)};
}

class ClusterFaults : public ::testing::Test {
protected:
    /// Lets `fault` happen at random moments and mends it; nothing may stand still for longer than
    /// `gap_max`.
    void suffer(
        const char* name, milliseconds gap_max, const std::function<void()>& fault,
        const std::function<void()>& mend = [] {}) {
        std::random_device random;
        std::vector<milliseconds> times;
        for (int round = 0; round < rounds(); ++round) {
            load.run_for(milliseconds(500 + random() % 1'000));
            fault();
            times.push_back(load.time_to_accept());
            mend();
            fmt::print("{}: accepted again after {} ms; longest gap so far {} ms, {}\n", name,
                times.back().count(), load.history().longest_gap().count(), errors_text());
        }
        load.run_for(milliseconds(500));
        EXPECT_EQ(load.finish(), "");
        const auto counts = load.history().counts();
        std::ranges::sort(times);
        fmt::print(
            "{}: {} rounds; {} posts accepted, {} unknown, {} refused; {} deliveries; accepted "
            "again after {} ms in the median, at most {}; longest gap {} ms\n",
            name, rounds(), counts.posts_done, counts.posts_unknown, counts.posts_refused,
            counts.deliveries, times[times.size() / 2].count(), times.back().count(),
            load.history().longest_gap().count());
        fmt::print("{}: clients saw {}\n", name, errors_text());
        EXPECT_GT(counts.posts_done, 100U);
        if (is_timed()) {
            EXPECT_LE(load.history().longest_gap(), gap_max) << name;
        }
    }
    /// What clients have seen so far.
    [[nodiscard]] std::string errors_text() const {
        std::string text;
        for (const auto& [error, count] : load.errors()) {
            text +=
                fmt::format("{}{} {}", text.empty() ? "" : ", ", count, errc_info(error.code).name);
            if (!error.detail.empty()) text += fmt::format(" ({})", error.detail);
        }
        return text.empty() ? "no errors" : text;
    }
    /// Of each call that a daemon has answered it is known what became of it.
    void expect_all_known() {
        for (const auto& [error, count] : load.errors()) {
            EXPECT_NE(error.code, Errc::deadline_exceeded) << error.detail << ", " << count;
        }
    }
    /// The server that leads the stream which the queue under load is written to, of the two that
    /// its log has.
    std::size_t stream_leader() {
        const auto streams = log_streams(ClusterLoad::partition());
        const auto lasts = [&] {
            return std::pair(
                load.nats().last_sequence(streams[0]), load.nats().last_sequence(streams[1]));
        };
        const auto before = lasts();
        load.run_for(milliseconds(100));
        const auto& written = streams[lasts().second > before.second ? 1 : 0];
        const auto& other = streams[written == streams[0] ? 1 : 0];
        const auto node = load.nats().await_leader(written);
        const auto leads = [&](const std::string& stream) {
            return load.nats().leader_of(stream) == node;
        };
        fmt::print("the server leads {}{}{}{}\n", written, leads(other) ? ", its other stream" : "",
            leads("baton-bucket") ? ", the bucket" : "",
            load.nats().meta_leader() == node ? ", the servers" : "");
        return node;
    }

    ClusterLoad load;
};

TEST_F(ClusterFaults, none) {
    load.run_for(milliseconds(2'000));
    suffer("no fault", daemon_fault_max, [] {});
}

TEST_F(ClusterFaults, the_leader_of_the_streams_is_killed) {
    std::size_t node = 0;
    suffer(
        "kill -9 of a stream's leader", nats_fault_max,
        [&] { load.nats().kill(node = stream_leader()); }, [&] { load.nats().restart(node); });
}

/// Whose message it is, by its header.
std::string part_of(const std::string& message) {
    if (message.empty()) return "none";
    const auto begin = message.find("Baton-Part: ");
    if (begin == std::string::npos) return "no part";
    return message.substr(begin, message.find('\r', begin) - begin);
}

/// Servers that are silent for a while and come back with what they had not heard of.
class ClusterHangs : public ClusterFaults {
protected:
    void begin_hang() { began_ = std::chrono::steady_clock::now(); }
    /// Lets the load go on until the server has hung for its time.
    void hang_on() {
        const auto passed = std::chrono::steady_clock::now() - began_;
        load.run_for(std::max(
            milliseconds(0), hang_time - std::chrono::duration_cast<milliseconds>(passed)));
    }
    /// Waits until the server is well again, and does what an operator does when it is not.
    void recover(std::size_t node) {
        if (load.nats().becomes_healthy(recovery_patience)) return;
        fmt::print("node {} was restarted: it did not become healthy\n", node + 1);
        load.nats().restart(node);
        load.nats().await_healthy();
    }
    /// Ends the servers and compares what they have of every partition, message by message.
    void expect_equal_replicas() {
        for (std::size_t node = 0; node < load.nats().size(); ++node) load.nats().terminate(node);
        for (std::uint32_t partition = 0; partition < ClusterLoad::partitions; ++partition) {
            for (const auto& stream : log_streams(partition)) expect_equal_replicas_of(stream);
        }
    }

private:
    void expect_equal_replicas_of(const std::string& stream) {
        std::vector<std::map<std::uint64_t, std::string>> replicas;
        std::uint64_t first = 1;
        std::uint64_t last = UINT64_MAX;
        for (std::size_t node = 0; node < load.nats().size(); ++node) {
            replicas.push_back(stored_messages(load.nats().store(node), stream));
            ASSERT_FALSE(replicas.back().empty()) << stream << " on node " << node;
            // They purge, and end, each in its own time.
            first = std::max(first, replicas.back().begin()->first);
            last = std::min(last, replicas.back().rbegin()->first);
        }
        std::string different;
        for (auto sequence = first; sequence <= last && different.size() < 500; ++sequence) {
            const auto& message = replicas.front()[sequence];
            if (!message.empty() && std::ranges::all_of(replicas, [&](auto& replica) {
                    return replica[sequence] == message;
                })) {
                continue;
            }
            different += fmt::format("{}:", sequence);
            for (auto& replica : replicas) {
                different += fmt::format(" [{}]", part_of(replica[sequence]));
            }
            different += "; ";
        }
        EXPECT_EQ(different, "") << stream << " from " << first << " to " << last;
        if (last > 100) fmt::print("{}: {} messages compared\n", stream, last - first + 1);
    }

    std::chrono::steady_clock::time_point began_;
};

TEST_F(ClusterHangs, a_server_is_stopped_for_a_while) {
    std::size_t node = 0;
    suffer(
        "SIGSTOP of a stream's leader", nats_fault_max,
        [&] {
            load.nats().stop(node = stream_leader());
            begin_hang();
        },
        [&] {
            hang_on();
            load.nats().cont(node);
            recover(node);
        });
    expect_equal_replicas();
}

TEST_F(ClusterHangs, a_server_is_cut_off) {
    std::size_t node = 0;
    suffer(
        "cut of a stream's leader", nats_fault_max,
        [&] {
            load.nats().cut(node = stream_leader());
            begin_hang();
        },
        [&] {
            hang_on();
            load.nats().heal(node);
            recover(node);
        });
    expect_equal_replicas();
}

TEST_F(ClusterFaults, all_servers_are_restarted_one_after_the_other) {
    suffer("rolling restart of NATS", nats_fault_max, [&] {
        for (std::size_t node = 0; node < load.nats().size(); ++node) {
            load.nats().restart(node);
            load.nats().await_healthy();
        }
    });
}

TEST_F(ClusterFaults, the_leading_daemon_is_killed) {
    std::size_t daemon = 0;
    suffer(
        "kill -9 of the leading daemon", daemon_fault_max,
        [&] {
            load.avoid(daemon = load.leader(), true);
            load.daemon(daemon).kill9();
        },
        [&] {
            load.restart(daemon);
            load.avoid(daemon, false);
        });
}

TEST_F(ClusterFaults, the_leading_daemon_is_stopped_for_a_while) {
    std::size_t daemon = 0;
    suffer(
        "SIGSTOP of the leading daemon", daemon_fault_max,
        [&] {
            load.avoid(daemon = load.leader(), true);
            load.daemon(daemon).process().send_signal(SIGSTOP);
        },
        [&] {
            load.run_for(milliseconds(4'000));
            load.daemon(daemon).process().send_signal(SIGCONT);
            load.avoid(daemon, false);
        });
}

TEST_F(ClusterFaults, the_leading_daemon_is_cut_off_from_nats_and_its_clients_stay) {
    std::size_t daemon = 0;
    suffer(
        "cut of the leading daemon from NATS", daemon_fault_max,
        [&] { load.cut_off(daemon = load.leader(), true); },
        [&] {
            load.run_for(milliseconds(4'000));
            load.cut_off(daemon, false);
        });
}

TEST_F(ClusterFaults, a_daemon_joins) {
    int moves = 0;
    suffer(
        "a fourth daemon", daemon_fault_max, [&] { load.add_daemon(); },
        [&] {
            milliseconds waited{0};
            for (const milliseconds step{500}; !load.last_one_leads(); waited += step) {
                ASSERT_LT(waited, balance_time);
                load.run_for(step);
            }
            fmt::print("it leads after {} ms\n", waited.count());
            load.run_for(milliseconds(1'000));
            if (load.leader() == load.daemons() - 1) ++moves;
            load.remove_daemon();
        });
    EXPECT_EQ(moves, rounds()) << "times that the partition under load went to the fourth";
    expect_all_known();
}

TEST_F(ClusterFaults, all_daemons_are_restarted_one_after_the_other) {
    suffer("rolling restart of the daemons", daemon_fault_max, [&] {
        for (std::size_t daemon = 0; daemon < load.daemons(); ++daemon) {
            load.avoid(daemon, true);
            load.daemon(daemon).terminate();
            ASSERT_TRUE(load.daemon(daemon).wait_exit());
            load.restart(daemon);
            load.avoid(daemon, false);
        }
    });
    for (const auto& [error, count] : load.errors()) {
        EXPECT_TRUE(is_retryable(error.code)) << errc_info(error.code).name << error.detail;
    }
    expect_all_known();
}

TEST(ClusterBacklog, a_leader_with_a_million_queued_messages_is_replaced_in_time) {
    ClusterLoad load({.producers = 2, .consumers = 2, .can_cut = false, .log_size = "2GiB"});
    load.fill(1'000'000);
    const auto daemon = load.leader();
    load.avoid(daemon, true);
    load.daemon(daemon).kill9();
    const auto took = load.time_to_accept();
    fmt::print(
        "kill -9 of a leader with a million messages: accepted again after {} ms\n", took.count());
    EXPECT_EQ(load.finish(), "");
    if (is_timed()) {
        EXPECT_LE(took, daemon_fault_max);
    }
}

}  // namespace
}  // namespace baton::test

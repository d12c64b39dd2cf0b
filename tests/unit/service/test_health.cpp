#include "service/health.h"
#include "unit/service/fakes.h"
#include "unit/service/queue_fixture.h"

namespace baton::test {
namespace {

using service::HealthService;

class Health : public QueueFixture {
protected:
    const service::ComponentHealth& part(
        const service::HealthReport& report, std::string_view name) {
        return *std::ranges::find(report.components, name, &service::ComponentHealth::name);
    }

    FakeConversations rows;
    HealthService health{*queues, rows, clock, "1.2.3"};
};

TEST_F(Health, ready_only_between_start_and_drain) {
    EXPECT_FALSE(io.run(health.check()).ready);
    health.set_phase(HealthService::Phase::running);
    clock.advance(Duration(61'000));
    const auto report = io.run(health.check());
    EXPECT_TRUE(report.ready);
    EXPECT_EQ(report.phase, "running");
    EXPECT_EQ(report.version, "1.2.3");
    EXPECT_EQ(report.uptime, std::chrono::seconds(61));
    health.set_phase(HealthService::Phase::draining);
    EXPECT_FALSE(io.run(health.check()).ready);
}

TEST_F(Health, a_broken_database_is_named) {
    health.set_phase(HealthService::Phase::running);
    break_with(rows, {.code = Errc::storage_io, .detail = "disk gone"});
    const auto report = io.run(health.check());
    EXPECT_FALSE(report.ready);
    EXPECT_FALSE(part(report, "database").healthy);
    EXPECT_EQ(part(report, "database").detail, "storage_io: disk gone");
    EXPECT_TRUE(part(report, "queue").healthy);
}

TEST_F(Health, a_store_that_stopped_is_named) {
    health.set_phase(HealthService::Phase::running);
    broken = true;
    EXPECT_FALSE(io.run(queues->put_queue(QueueName("more"), {})));
    const auto report = io.run(health.check());
    EXPECT_FALSE(report.ready);
    EXPECT_FALSE(part(report, "queue").healthy);
    EXPECT_TRUE(part(report, "database").healthy);
}

TEST_F(Health, a_cache_that_is_away_is_named_and_takes_nobody_out_of_service) {
    Result<void> cache = fail(Errc::unavailable, "redis: the server is away");
    const auto ask = [&]() -> Task<Result<void>> { co_return cache; };
    HealthService shared(*queues, rows, clock, "1.2.3", {.cache = ask});
    shared.set_phase(HealthService::Phase::running);
    auto report = io.run(shared.check());
    EXPECT_TRUE(report.ready);
    EXPECT_FALSE(part(report, "cache").healthy);
    EXPECT_EQ(part(report, "cache").detail, "unavailable: redis: the server is away");
    cache = {};
    report = io.run(shared.check());
    EXPECT_TRUE(part(report, "cache").healthy);
}

TEST_F(Health, a_cluster_is_a_component_that_nats_away_makes_ill) {
    ClusterState cluster{.is_connected = true, .is_in_touch = true, .without_leader = {3}};
    HealthService member(*queues, rows, clock, "1.2.3", {.cluster = [&] { return cluster; }});
    member.set_phase(HealthService::Phase::running);
    auto report = io.run(member.check());
    EXPECT_TRUE(report.ready) << "a partition without leader is no fault of this daemon";
    EXPECT_EQ(report.cluster, cluster);
    cluster.is_in_touch = false;
    report = io.run(member.check());
    EXPECT_FALSE(report.ready);
    EXPECT_FALSE(part(report, "cluster").healthy);
    cluster.is_connected = false;
    report = io.run(member.check());
    EXPECT_EQ(part(report, "cluster").detail, "unavailable: no NATS server is connected");
    EXPECT_FALSE(io.run(health.check()).cluster) << "a daemon alone is in none";
}

}  // namespace
}  // namespace baton::test

// What a partition's log is counted as, while it is led here and afterwards.
#include <string>

#include <gtest/gtest.h>

#include "app/log_metrics.h"
#include "support/fake_clock.h"
#include "support/fake_shared_log.h"
#include "support/queue_letters.h"

namespace baton::app {
namespace {

using test::must;

class LogNumbers : public ::testing::Test {
protected:
    std::string value(const std::string& name, int partition = 1) const {
        const auto line =
            "\nbaton_cluster_" + name + "{partition=\"" + std::to_string(partition) + "\"} ";
        const auto text = registry.render();
        const auto at = text.find(line);
        if (at == std::string::npos) return "none";
        const auto begin = at + line.size();
        return text.substr(begin, text.find('\n', begin) - begin);
    }

    MetricRegistry registry;
    test::FakeClock clock{from_unix_ms(1'000'000)};
    test::SharedLogDisk disk;
    LogMetrics metrics{registry, 2, clock};
};

TEST_F(LogNumbers, what_is_in_the_log_and_what_still_fits) {
    auto log = metrics.count(1, std::make_unique<test::FakeSharedLog>(disk));
    must(log->take_over());
    metrics.show_room(1, 500);
    EXPECT_EQ(value("log_entries"), "0");
    EXPECT_EQ(value("log_room_bytes"), "500");
    for (std::uint64_t number = 5; number < 9; ++number) must(log->append(number, "entry"));
    metrics.show_room(1, 300);
    must(log->append(9, "entry"));
    EXPECT_EQ(value("log_entries"), "5");
    EXPECT_EQ(value("log_room_bytes"), "300");
    EXPECT_EQ(value("log_entries", 0), "0") << "the other partition is led elsewhere";
    log.reset();
    for (const auto* name :
        {"log_entries", "log_lag_entries", "log_room_bytes", "checkpoint_timestamp_seconds"}) {
        EXPECT_EQ(value(name), "0") << name;
    }
}

TEST_F(LogNumbers, the_lag_goes_down_to_nothing_while_the_log_is_read) {
    for (std::uint64_t number = 5; number < 9; ++number) disk.entries[number] = "entry";
    auto log = metrics.count(1, std::make_unique<test::FakeSharedLog>(disk));
    must(log->take_over());
    EXPECT_EQ(value("log_entries"), "4");
    std::string lags;
    must(log->read(6, [&](std::uint64_t, std::string_view) {
        lags += value("log_lag_entries") + " ";
        return Result<void>();
    }));
    EXPECT_EQ(lags, "3 2 1 ");
    EXPECT_EQ(value("log_lag_entries"), "0");
    must(log->read(9, [](std::uint64_t, std::string_view) { return Result<void>(); }));
    EXPECT_EQ(value("log_lag_entries"), "0") << "the copy had all of it";
}

TEST_F(LogNumbers, the_checkpoint_moves_when_the_log_gets_a_new_beginning) {
    for (std::uint64_t number = 5; number < 9; ++number) disk.entries[number] = "entry";
    auto log = metrics.count(1, std::make_unique<test::FakeSharedLog>(disk));
    must(log->take_over());
    EXPECT_EQ(value("checkpoint_timestamp_seconds"), "1000");
    clock.advance(Duration(5'000));
    must(log->release_before(5));
    EXPECT_EQ(value("checkpoint_timestamp_seconds"), "1000") << "nothing went";
    must(log->release_before(7));
    EXPECT_EQ(value("checkpoint_timestamp_seconds"), "1005");
    EXPECT_EQ(value("log_entries"), "2");
}

}  // namespace
}  // namespace baton::app

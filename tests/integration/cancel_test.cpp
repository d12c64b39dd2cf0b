// Cancelling a message whose run is under way ends the request to the provider.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include "runtime/io_pool.h"
#include "support/daemon_session.h"
#include "support/raw_http.h"

namespace baton::test {
namespace {

using SteadyClock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::string_view beginning =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Once upon a time\"}}]}\n\n";

class Cancel : public testing::Test {
protected:
    /// Sends a message, lets the provider begin its answer, cancels. Returns how long after the
    /// cancel began the provider saw its connection end.
    std::chrono::milliseconds cancel_one() {
        const auto sent = pool_.run(session_.dialogs.send({.content = "tell me a story"}));
        if (!sent) throw std::runtime_error(to_string(sent.error()));
        id_ = sent->id;
        auto connection = provider_.accept();
        connection.read_until("tell me a story");
        connection.send(beginning);
        const auto began = SteadyClock::now();
        EXPECT_TRUE(pool_.run(session_.queues.cancel(id_)));
        connection.read_to_end();
        return std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - began);
    }

    IoPool pool_{1};
    RawListener provider_;
    std::unique_ptr<Daemon> daemon_ =
        Daemon::start({.settings = {R"(llm.endpoints=[{"base_url":"http://127.0.0.1:)" +
                                        std::to_string(provider_.port()) + R"(/v1"}])",
                           "scheduler.timeout=60s", "scheduler.lease=60s", "logging.level=warn"}});
    DaemonSession session_{*daemon_};
    MessageId id_;
};

TEST_F(Cancel, closes_the_connection_to_the_provider_within_50_ms) {
    std::array<std::chrono::milliseconds, 5> took{};
    for (auto& one : took) one = cancel_one();
    std::ranges::sort(took);
    RecordProperty("median_ms", std::to_string(took[2].count()));
    RecordProperty("slowest_ms", std::to_string(took[4].count()));
    EXPECT_LT(took[2], 50ms) << "the slowest took " << took[4].count() << " ms";
    const auto ended = pool_.run(session_.dialogs.wait(id_, Deadline::after(10s)));
    ASSERT_TRUE(ended) << to_string(ended.error());
    EXPECT_EQ(ended->status, DialogStatus::cancelled);
}

}  // namespace
}  // namespace baton::test

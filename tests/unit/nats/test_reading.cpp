// Readers of a stream on a real server.
#include <array>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "nats/jetstream.h"
#include "support/queue_letters.h"
#include "support/stream_place.h"

namespace baton::test {
namespace {

constexpr const char* stream = "READ_UNDER_TEST";
constexpr std::uint64_t message_count = 1'000;

class StreamReading : public ::testing::Test {
protected:
    StreamReading() {
        must(jetstream->ensure_stream(
            {.name = stream, .subject = "read.under.test", .in_memory = true}));
        for (std::uint64_t i = 0; i < message_count; ++i) {
            must(jetstream->publish({.subject = "read.under.test",
                .data = data,
                .headers = {},
                .timeout = Duration(5'000)}));
        }
    }
    ~StreamReading() override { must(jetstream->delete_stream(stream)); }

    std::unique_ptr<nats::JetStream> jetstream = StreamPlace::jetstream();
    const std::string data = std::string(300, 'x');
};

/// libnats 3.4 freed what its own thread was still using: within some hundred readers it crashed,
/// or its connection stood still.
TEST_F(StreamReading, readers_may_end_while_messages_come) {
    constexpr int readers = 250;
    std::array<std::thread, 2> threads;
    for (auto& thread : threads) {
        thread = std::thread([&] {
            for (int i = 0; i < readers; ++i) {
                const auto reader = must(jetstream->read(stream, 1));
                for (int read = 0; read < i % 20; ++read) must(reader->next(Duration(5'000)));
            }
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(must(jetstream->state(stream, Duration(5'000))).last, message_count);
}

}  // namespace
}  // namespace baton::test

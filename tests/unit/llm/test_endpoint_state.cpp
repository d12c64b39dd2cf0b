#include <gtest/gtest.h>

#include "llm/endpoint_state.h"
#include "support/fake_clock.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

/// An endpoint that usually begins to answer after 20 ms.
class EndpointStateTest : public testing::Test {
protected:
    EndpointStateTest() {
        for (int i = 0; i < 100; ++i) {
            const auto one = begin();
            clock.advance(20ms);
            speak(one);
        }
    }
    struct Request {
        EndpointState::Waiting::iterator place;
        SteadyTime began;
    };
    Now now() const { return {clock.steady_now(), clock.now()}; }
    Request begin() {
        EXPECT_FALSE(state.begin({}, now()));
        return {state.newest(), now().steady};
    }
    void speak(const Request& one) {
        state.speaks(one.place, one.began, now().steady);
        state.book.settle({}, {}, one.began, now());
    }
    Candidate candidate() { return state.candidate(0, now().steady); }

    test::FakeClock clock;
    EndpointState state{{.name = "a"}, {}};
};

TEST_F(EndpointStateTest, waits_within_what_is_usual_are_not_slow) {
    const auto one = begin();
    clock.advance(400ms);
    EXPECT_FALSE(candidate().is_slow);
    EXPECT_EQ(candidate().delay_ms, 400);
    speak(one);
}

TEST_F(EndpointStateTest, wait_that_goes_on_is_slow_before_its_end) {
    const auto one = begin();
    clock.advance(600ms);
    EXPECT_TRUE(candidate().is_slow);
    state.silent(one.place);
    EXPECT_FALSE(candidate().is_slow) << "nothing is known against it";
}

TEST_F(EndpointStateTest, one_answer_in_time_ends_the_suspicion) {
    auto late = begin();
    clock.advance(5s);
    speak(late);
    EXPECT_TRUE(candidate().is_slow);
    const auto timely = begin();
    clock.advance(20ms);
    speak(timely);
    EXPECT_FALSE(candidate().is_slow);
    EXPECT_EQ(candidate().delay_ms, 20);
}

TEST_F(EndpointStateTest, requests_that_hang_from_before_a_timely_answer_are_old_news) {
    std::vector<Request> hanging;
    for (int i = 0; i < 10; ++i) hanging.push_back(begin());
    clock.advance(4s);
    const auto timely = begin();
    clock.advance(20ms);
    speak(timely);
    EXPECT_FALSE(candidate().is_slow);
    EXPECT_EQ(candidate().in_flight, 0U) << "they are no load for the next one";
    for (const auto& one : hanging) {
        clock.advance(100ms);
        speak(one);
        EXPECT_FALSE(candidate().is_slow);
    }
    EXPECT_GE(state.status(now()).first_token_p99, 4s);
}

TEST_F(EndpointStateTest, later_request_that_hangs_is_no_old_news) {
    const auto timely = begin();
    const auto hanging = begin();
    clock.advance(20ms);
    speak(timely);
    clock.advance(1s);
    EXPECT_FALSE(candidate().is_slow) << "it began with the timely one";
    const auto later = begin();
    clock.advance(1s);
    EXPECT_TRUE(candidate().is_slow);
    state.silent(later.place);
    state.silent(hanging.place);
}

TEST_F(EndpointStateTest, what_stays_slow_becomes_usual) {
    for (int i = 0; i < 4'000 && (i == 0 || candidate().is_slow); ++i) {
        const auto one = begin();
        clock.advance(2s);
        speak(one);
    }
    EXPECT_FALSE(candidate().is_slow);
}

TEST(EndpointState, cooldowns_end_after_an_hour_at_most_and_never_get_shorter) {
    test::FakeClock clock;
    const Now now{clock.steady_now(), clock.now()};
    EndpointState state({.name = "a"}, {});
    state.end({.how = Ending::rate_limited, .retry_after = 100h}, false, 0ms, now);
    EXPECT_EQ(state.admits_at({}, now), now.steady + 1h);
    state.end({.how = Ending::rate_limited, .retry_after = 1s}, false, 0ms, now);
    EXPECT_EQ(state.admits_at({}, now), now.steady + 1h);
}

}  // namespace
}  // namespace baton::llm

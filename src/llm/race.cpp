#include "llm/race.h"

#include <array>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include "runtime/event.h"
#include "runtime/task_group.h"

namespace baton::llm {
namespace {

/// Both attempts and what became of them. Lives in the frame of `race`, on one executor.
class Race final {
public:
    Race(const Executor& executor, const std::vector<Provider*>& providers,
        const ChatRequest& request, ChatSink sink, Deadline deadline)
        : providers_(providers),
          request_(request),
          sink_(std::move(sink)),
          deadline_(deadline),
          changed_(executor),
          runners_(executor) {}

    void start(std::size_t place, Attempt& attempt) {
        attempts_[place] = &attempt;
        cancel_[place] = runners_.spawn_cancellable([this, place] { return run(place); });
    }

    /// Until an attempt has begun to answer, all have failed, or the time is over.
    Task<void> wait_for_begin(Deadline until) {
        while (!winner_ && !all_ended() && !until.expired()) {
            const auto woken = co_await changed_.wait(until);
            static_cast<void>(woken);
        }
    }
    Task<void> wait_for_end() {
        co_await wait_for_begin(Deadline::never());
        if (winner_ && cancel_[1 - *winner_]) cancel_[1 - *winner_]();
        while (winner_ && !ends_[*winner_]) {
            const auto woken = co_await changed_.wait();
            static_cast<void>(woken);
        }
    }
    Task<void> stop() { co_await runners_.stop(); }

    [[nodiscard]] bool is_open() const { return !winner_ && !all_ended(); }
    RaceEnd result() {
        const std::size_t place = winner_.value_or(ends_[0] ? 0 : 1);
        return {.result = *std::move(ends_[place]),
            .endpoint = attempts_[place]->grant().endpoint,
            .has_spoken = winner_ && attempts_[place]->has_spoken()};
    }

private:
    [[nodiscard]] bool all_ended() const {
        for (std::size_t i = 0; i < 2; ++i) {
            if (attempts_[i] != nullptr && !ends_[i]) return false;
        }
        return true;
    }

    Task<void> run(std::size_t place) {
        ChatSink relay = [this, place](const ChatDelta& delta) {
            if (!winner_) {
                winner_ = place;
                changed_.notify_all();
            }
            if (winner_ == place && sink_) sink_(delta);
        };
        Result<ChatResult> result = fail(Errc::cancelled, "another endpoint was faster");
        try {
            Attempt& attempt = *attempts_[place];
            result = co_await ask_one(attempt, *providers_[attempt.grant().endpoint], request_,
                std::move(relay), deadline_);
        } catch (const boost::system::system_error&) {
            attempts_[place]->call_off();
        } catch (const std::exception& error) {
            result = fail(Errc::internal, error.what());
        }
        if (result && !winner_) winner_ = place;  // an answer without pieces
        ends_[place] = std::move(result);
        changed_.notify_all();
    }

    const std::vector<Provider*>& providers_;
    const ChatRequest& request_;
    ChatSink sink_;
    Deadline deadline_;
    Event changed_;
    std::array<Attempt*, 2> attempts_{};
    std::array<std::function<void()>, 2> cancel_{};
    std::array<std::optional<Result<ChatResult>>, 2> ends_{};
    std::optional<std::size_t> winner_{};
    TaskGroup runners_;
};

}  // namespace

Task<Result<ChatResult>> ask_one(
    Attempt& attempt, Provider& provider, ChatRequest request, ChatSink sink, Deadline deadline) {
    ChatSink relay = [&attempt, &sink](const ChatDelta& delta) {
        attempt.speaks();
        if (sink) sink(delta);
    };
    RateSink on_rate = [&attempt](const RateReport& report) { attempt.report(report); };
    request.model = attempt.grant().model;
    auto result =
        co_await provider.chat(std::move(request), std::move(relay), std::move(on_rate), deadline);
    if (result) {
        result->cost = attempt.answered(result->usage);
    } else {
        attempt.failed(result.error());
    }
    co_return result;
}

Task<RaceEnd> race(Attempt& first, RaceRules rules, const std::vector<Provider*>& providers,
    const ChatRequest& request, ChatSink sink, Deadline deadline) {
    const Executor executor = co_await asio::this_coro::executor;
    Race both(executor, providers, request, std::move(sink), deadline);
    std::unique_ptr<Attempt> second;
    std::exception_ptr broken;
    both.start(0, first);
    try {
        co_await both.wait_for_begin(Deadline::after(rules.patience));
        if (both.is_open()) second = rules.second();
        if (second) both.start(1, *second);
        co_await both.wait_for_end();
    } catch (...) {
        broken = std::current_exception();  // called off: so are both
    }
    // Whatever happens, nobody may run on in a frame that is gone.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await both.stop();
    co_await asio::this_coro::reset_cancellation_state(asio::enable_terminal_cancellation());
    if (broken) std::rethrow_exception(broken);
    co_return both.result();
}

}  // namespace baton::llm

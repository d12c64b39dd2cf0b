#include "net/worker.h"

#include "base/clock.h"
#include "runtime/event.h"

namespace baton::net {
namespace {

// Fine enough for timeouts of seconds, and for noticing a client that left.
constexpr std::chrono::milliseconds sweep_interval{100};
// Connections beyond the limit that are told so at the same time, per executor.
constexpr std::size_t refusals_max = 64;

}  // namespace

/// Keeps a session in its worker's list, however its task ends.
class Worker::Membership {
public:
    Membership(Worker& worker, Session& session) : worker_(worker), session_(session) {
        session_.place = worker_.sessions_.size();
        worker_.sessions_.push_back({.session = &session_, .at = {}});
    }
    ~Membership() {
        session_.close();
        auto& all = worker_.sessions_;
        all.back().session->place = session_.place;
        all[session_.place] = all.back();
        all.pop_back();
    }
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

private:
    Worker& worker_;
    Session& session_;
};

Worker::Worker(Executor executor, ServerContext& context)
    : context_(context), housekeeping_(executor), sessions_group_(executor) {}

void Worker::adopt(Session::Socket socket) {
    if (stopping_) {
        context_.release_connection();
        return;
    }
    sweep_from_now_on();
    const auto session = std::make_shared<Session>(std::move(socket), context_, date_);
    session->set_cancel(
        sessions_group_.spawn_cancellable([this, session] { return serve(session); }));
}

void Worker::refuse(Session::Socket socket) {
    context_.metrics.hit(Limit::connections);
    if (stopping_ || refusal_count_ == refusals_max) return;
    sweep_from_now_on();
    ++refusal_count_;
    const auto session = std::make_shared<Session>(std::move(socket), context_, date_);
    sessions_group_.spawn([this, session] { return turn_away(session); });
}

Task<void> Worker::serve(std::shared_ptr<Session> session) {
    struct Release {
        ServerContext& context;
        ~Release() { context.release_connection(); }
    };
    const Release release{context_};
    const Membership membership(*this, *session);
    co_await session->serve();
}

Task<void> Worker::turn_away(std::shared_ptr<Session> session) {
    struct Release {
        std::size_t& count;
        ~Release() { --count; }
    };
    const Release release{refusal_count_};
    const Membership membership(*this, *session);
    Error error{.code = Errc::overloaded,
        .detail = "the server holds its maximum of " +
                  std::to_string(context_.config.connections_max) + " connections"};
    co_await session->refuse(std::move(error));
}

void Worker::sweep_from_now_on() {
    if (sweeping_) return;
    sweeping_ = housekeeping_.spawn([this] { return sweep_while_busy(); });
}

/// A server without connections does not wake up.
Task<void> Worker::sweep_while_busy() {
    sweep();
    do {
        co_await sleep_until(Deadline::after(sweep_interval));
        sweep();
    } while (!sessions_.empty());
    sweeping_ = false;
}

void Worker::sweep() {
    const auto second = to_unix_ms(SystemClock().now()) / 1000;
    if (second != date_second_) {
        date_second_ = second;
        date_ = imf_fixdate(second);
    }
    // Closing and cancelling only post: no session leaves the list in here.
    const auto now = std::chrono::steady_clock::now();
    for (Visit& visit : sessions_) {
        if (visit.at <= now) visit.at = visit.session->sweep(now);
    }
}

Task<void> Worker::begin_stop() {
    stopping_ = true;
    for (const Visit& visit : sessions_) visit.session->begin_stop();
    co_return;
}

Task<void> Worker::finish_stop(Deadline deadline) {
    const auto cancelled = co_await sessions_group_.drain(deadline);
    if (cancelled > 0) {
        context_.log.warn(
            "connections cancelled at the end of the grace period", {{"count", cancelled}});
    }
    co_await housekeeping_.stop();
}

}  // namespace baton::net

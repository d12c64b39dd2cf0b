#include "support/loopback_transport.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace baton::test {

using queue::remote::Partition;
using queue::remote::QueueUid;
using queue::remote::Route;

/// A call that waits; ended once, by whoever comes first.
struct LoopbackTransport::Call {
    std::mutex mutex;
    Completion<Result<Bytes>> done;

    void end(Result<Bytes> answer) {
        Completion<Result<Bytes>> call;
        {
            const std::scoped_lock lock(mutex);
            call = std::exchange(done, nullptr);
        }
        if (call) call(std::move(answer));
    }
};

struct LoopbackTransport::Watches {
    std::mutex mutex;
    std::uint64_t last = 0;
    std::map<std::uint64_t, std::function<void(std::string_view)>> callbacks;
};

class LoopbackTransport::WatchEntry final : public queue::Watch {
public:
    WatchEntry(std::shared_ptr<Watches> watches, std::uint64_t number)
        : watches_(std::move(watches)), number_(number) {}
    ~WatchEntry() override {
        const std::scoped_lock lock(watches_->mutex);
        watches_->callbacks.erase(number_);
    }

private:
    std::shared_ptr<Watches> watches_;
    std::uint64_t number_;
};

LoopbackTransport::LoopbackTransport(std::uint32_t partitions, Locate locate)
    : partitions_(partitions), locate_(std::move(locate)), watches_(std::make_shared<Watches>()) {}

LoopbackTransport::~LoopbackTransport() { close(); }

void LoopbackTransport::serve(std::uint32_t partition,
    std::shared_ptr<queue::remote::CommandServer> server, Executor executor) {
    const std::scoped_lock lock(mutex_);
    servers_[partition] = {.server = std::move(server), .executor = std::move(executor)};
}

void LoopbackTransport::set_fault(Fault fault) {
    const std::scoped_lock lock(mutex_);
    fault_ = std::move(fault);
}

void LoopbackTransport::tell_event(const Bytes& event) {
    const std::scoped_lock lock(watches_->mutex);
    for (const auto& [number, callback] : watches_->callbacks) callback(event.view());
}

Partition LoopbackTransport::partition_of(const Route& route) const {
    if (const auto* partition = std::get_if<Partition>(&route)) return *partition;
    if (partitions_ == 1) return Partition{0};
    if (const auto* uid = std::get_if<QueueUid>(&route)) return Partition{locate_(uid->value)};
    // "q1" is in partition 1: tests choose by name.
    const auto& name = std::get<QueueName>(route).text;
    return Partition{static_cast<std::uint32_t>(name.back() - '0') % partitions_};
}

Task<Result<Bytes>> LoopbackTransport::call(Route route, Bytes request, Deadline deadline) {
    const auto call = std::make_shared<Call>();
    asio::steady_timer timer(co_await asio::this_coro::executor, deadline.at());
    const auto start = [&](Completion<Result<Bytes>> done) {
        call->done = std::move(done);
        timer.async_wait([call](const boost::system::error_code& error) {
            if (!error) call->end(fail(Errc::deadline_exceeded, "no answer came in time"));
        });
        send(route, request, call);
    };
    const auto cancel = [call] { call->end(fail(Errc::cancelled, "called off")); };
    auto answer = co_await await_completion<Result<Bytes>>(start, cancel);
    co_return answer;
}

void LoopbackTransport::tell(const Route& route, Bytes request) { send(route, request, nullptr); }

void LoopbackTransport::send(const Route& route, const Bytes& request, std::shared_ptr<Call> call) {
    const auto end = [&](Errc code) {
        if (call) call->end(fail(code, "by the test's will"));
    };
    Server to;
    Fault fault;
    const Partition partition = partition_of(route);
    {
        const std::scoped_lock lock(mutex_);
        to = servers_[partition.number];
        fault = fault_;
        if (closed_) return end(Errc::shutting_down);
        if (call) open_[++calls_] = call;
        std::erase_if(open_, [](const auto& entry) { return entry.second.expired(); });
    }
    if (!to.server) return end(Errc::unavailable);
    TransportFault what;
    if (fault) what = fault(queue::remote::read_request_head(request.view()).value());
    if (what.error) return end(what.error->code);
    if (what.lose_request) return;
    if (what.delay > Duration(0)) {
        auto timer = std::make_shared<asio::steady_timer>(to.executor, what.delay);
        timer->async_wait([timer, to, request, call, what](
                              const auto&) { deliver(to, request, call, what.lose_answer); });
        return;
    }
    deliver(to, request, call, what.lose_answer);
    if (what.repeat) deliver(to, request, call, false);
}

void LoopbackTransport::deliver(
    const Server& to, const Bytes& request, std::shared_ptr<Call> call, bool lose_answer) {
    asio::post(to.executor, [server = to.server, request, call = std::move(call), lose_answer] {
        server->receive(request, [call, lose_answer](Bytes answer) {
            if (call && !lose_answer) call->end(std::move(answer));
        });
    });
}

std::unique_ptr<queue::Watch> LoopbackTransport::watch(
    std::function<void(std::string_view event)> event) {
    const std::scoped_lock lock(watches_->mutex);
    watches_->callbacks.emplace(++watches_->last, std::move(event));
    return std::make_unique<WatchEntry>(watches_, watches_->last);
}

void LoopbackTransport::close() {
    std::map<std::uint64_t, std::weak_ptr<Call>> open;
    {
        const std::scoped_lock lock(mutex_);
        closed_ = true;
        open.swap(open_);
    }
    for (const auto& [number, weak] : open) {
        if (const auto call = weak.lock()) call->end(fail(Errc::shutting_down, "closed"));
    }
}

}  // namespace baton::test

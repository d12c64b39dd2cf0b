// One call of a queue of another daemon, however many attempts it takes.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/metrics.h"
#include "base/result.h"
#include "queue/remote/command_table.h"
#include "queue/remote/remote_queues.h"
#include "queue/remote/retry.h"
#include "queue/remote/transport.h"
#include "runtime/deadline.h"
#include "runtime/task.h"

namespace baton::queue::remote {

/// Safe to use from any thread. Must outlive the tasks it gives out.
class RemoteCaller final {
public:
    /// The references must outlive it.
    RemoteCaller(Transport& transport, const RemoteConfig& config, MetricRegistry& metrics);

    /// Asked when it is not known whether an attempt was executed: may it be repeated?
    using MayRepeat = std::function<Task<bool>()>;

    /// Sends a command, and again as far as command_table.h allows. `hold`: how long the server may
    /// keep it, at most wait_portion. Cancelling the task ends the call; see Transport::call.
    template <class C>
    Task<Result<typename C::Answer>> call(
        Route route, C command, Duration hold = Duration(0), MayRepeat may_repeat = {}) {
        const auto encode = [&](const RequestId& id) { return encode_request(id, command); };
        const Exchange exchange{.info = command_info(C::type),
            .route = std::move(route),
            .encode = encode,
            .hold = hold,
            .may_repeat = std::move(may_repeat)};
        auto answer = co_await run(exchange);
        if (!answer) co_return std::unexpected(std::move(answer).error());
        co_return decode_answer<C>(answer->view());
    }

    /// The same for a command with a `wait`, in portions until the deadline or until the answer is
    /// not empty.
    template <class C, class IsEmpty>
    Task<Result<typename C::Answer>> wait_for(
        Route route, C command, Deadline deadline, IsEmpty is_empty) {
        while (true) {
            command.wait = std::min<Duration>(deadline.remaining(), config_.wait_portion);
            auto answer = co_await call(route, command, command.wait);
            if (!answer || !is_empty(*answer) || deadline.expired()) co_return answer;
        }
    }

    /// Gives messages back that nobody will work on, without blame. Nobody waits for it.
    void give_back(const Route& route, const std::vector<LeasedMessage>& messages);

    [[nodiscard]] const RemoteConfig& config() const noexcept { return config_; }
    [[nodiscard]] Transport& transport() noexcept { return transport_; }

    /// See make_remote_queues.
    void stop();

private:
    struct Exchange {
        const CommandInfo& info;
        Route route;
        std::function<Bytes(const RequestId&)> encode;
        Duration hold;
        MayRepeat may_repeat;
    };
    struct Metrics;
    class UnderWay;

    Task<Result<Bytes>> run(const Exchange& exchange);
    Task<Result<Bytes>> attempt_all(const Exchange& exchange);
    Task<Result<Bytes>> attempt(
        const Exchange& exchange, const RequestId& id, Bytes request, Deadline until);
    Task<Verdict> decide(const Exchange& exchange, const Result<Bytes>& answer);
    void withdraw(const Route& route, const RequestId& id);
    [[nodiscard]] RequestId next_id() noexcept;
    [[nodiscard]] bool stopping();

    Transport& transport_;
    const RemoteConfig config_;
    std::shared_ptr<Metrics> metrics_;
    const std::uint64_t client_;
    std::atomic<std::uint64_t> numbers_{0};

    std::mutex mutex_;
    std::condition_variable ended_;
    std::size_t under_way_ = 0;
    bool stopping_ = false;
    std::unordered_map<RequestId, Route> withdrawable_;  ///< requests whose answer is awaited
};

}  // namespace baton::queue::remote

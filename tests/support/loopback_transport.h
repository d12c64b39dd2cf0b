// A transport inside one process that loses, delays and repeats what a test tells it to.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "queue/remote/command_server.h"
#include "queue/remote/transport.h"

namespace baton::test {

/// What happens to one request and its answer.
struct TransportFault {
    std::optional<Error> error{};  ///< the call's own failure; nothing is sent
    bool lose_request = false;
    bool lose_answer = false;
    bool repeat = false;  ///< the request comes twice
    Duration delay{0};    ///< of the request, and of what follows: real time
};

/// Requests to a server go to its executor in the order they were made. Safe to use from any
/// thread.
class LoopbackTransport final : public queue::remote::Transport {
public:
    using Fault = std::function<TransportFault(const queue::remote::RequestHead& head)>;
    /// The partition of the queue with this uid.
    using Locate = std::function<std::uint32_t(std::uint64_t uid)>;

    explicit LoopbackTransport(std::uint32_t partitions = 1, Locate locate = {});
    ~LoopbackTransport() override;

    /// From now on `server`, living on `executor`, serves the partition; null: nobody does, and
    /// calls fail with unavailable. Late requests may still come to the one before.
    void serve(std::uint32_t partition, std::shared_ptr<queue::remote::CommandServer> server,
        Executor executor);
    /// Asked for each request; an empty one spoils nothing.
    void set_fault(Fault fault);
    /// Gives a server's event to those who watch.
    void tell_event(const Bytes& event);

    [[nodiscard]] std::uint32_t partitions() const override { return partitions_; }
    [[nodiscard]] queue::remote::Partition partition_of(
        const queue::remote::Route& route) const override;
    [[nodiscard]] Task<Result<Bytes>> call(
        queue::remote::Route route, Bytes request, Deadline deadline) override;
    void tell(const queue::remote::Route& route, Bytes request) override;
    [[nodiscard]] std::unique_ptr<queue::Watch> watch(
        std::function<void(std::string_view event)> event) override;
    [[nodiscard]] Result<void> health() const override {
        if (is_healthy_) return {};
        return fail(Errc::unavailable, "the transport is unhealthy");
    }
    void set_healthy(bool is_healthy) { is_healthy_ = is_healthy; }
    void close() override;

private:
    struct Call;
    struct Server {
        std::shared_ptr<queue::remote::CommandServer> server;
        Executor executor;
    };
    struct Watches;
    class WatchEntry;

    void send(const queue::remote::Route& route, const Bytes& request, std::shared_ptr<Call> call);
    static void deliver(
        const Server& to, const Bytes& request, std::shared_ptr<Call> call, bool lose_answer);

    const std::uint32_t partitions_;
    const Locate locate_;
    std::atomic<bool> is_healthy_{true};
    mutable std::mutex mutex_;
    std::map<std::uint32_t, Server> servers_;
    Fault fault_;
    bool closed_ = false;
    std::uint64_t calls_ = 0;
    std::map<std::uint64_t, std::weak_ptr<Call>> open_;
    std::shared_ptr<Watches> watches_;
};

}  // namespace baton::test

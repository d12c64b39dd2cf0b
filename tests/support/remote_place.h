// Queues at the other end of a transport: a command server over local ones, on a thread of its own.
#pragma once

#include <memory>

#include "base/metrics.h"
#include "queue/queues.h"
#include "queue/remote/command_server.h"
#include "queue/remote/remote_queues.h"
#include "runtime/io_pool.h"
#include "support/loopback_transport.h"

namespace baton::test {

/// `queues` must outlive it, and stop after `stop`.
class RemotePlace final {
public:
    RemotePlace(queue::Queues& queues, MetricRegistry& metrics)
        : server_(std::make_shared<queue::remote::CommandServer>(queues, pool_.executor(0),
              queue::remote::CommandServerConfig(), metrics,
              [this](const Bytes& event) { transport_.tell_event(event); })),
          remote_(queue::remote::make_remote_queues(transport_, {}, metrics)) {
        transport_.serve(0, server_, pool_.executor(0));
    }

    [[nodiscard]] queue::Queues& queues() { return *remote_; }

    /// Once. The queues served go on.
    void stop() {
        remote_->stop();
        pool_.run(server_->stop());
    }

private:
    IoPool pool_{1};
    LoopbackTransport transport_;
    std::shared_ptr<queue::remote::CommandServer> server_;
    std::unique_ptr<queue::Queues> remote_;
};

}  // namespace baton::test

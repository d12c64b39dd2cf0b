// A typed client on a daemon of a test.
#pragma once

#include <memory>

#include "client/connection.h"
#include "client/dialog_client.h"
#include "client/queue_client.h"
#include "net/client.h"
#include "support/daemon.h"

namespace baton::test {

/// Talks to one incarnation of a daemon: make a new one after a restart, which changes the address.
struct DaemonSession {
    explicit DaemonSession(const Daemon& daemon)
        : http(net::make_client({})),
          connection(*http, {.url = daemon.url(), .key = Secret(daemon.admin_key())}),
          dialogs(connection),
          queues(connection) {}

    std::unique_ptr<net::Client> http;
    client::Connection connection;
    client::DialogClient dialogs;
    client::QueueClient queues;
};

}  // namespace baton::test

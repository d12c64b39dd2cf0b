// The queues of other daemons behind the ports of queue/queues.h.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/metrics.h"
#include "queue/queues.h"
#include "queue/remote/transport.h"
#include "runtime/backoff.h"

namespace baton::queue::remote {

struct RemoteConfig {
    /// How long a call may take, on top of what it asks to wait for messages: less than clients
    /// wait, which is 30 s mostly, so that they hear why.
    Duration call_timeout{25'000};
    /// When a call that is harmless to repeat (command_table.h) is sent again.
    Duration attempt_timeout{5'000};
    /// A call that nobody takes is given up sooner when the transport has been unhealthy for so
    /// long: another daemon may be better off.
    Duration unhealthy_patience{2'000};
    /// A server is asked to wait for at most this long at a time; longer waits are made of several.
    /// So a daemon that is lost leaves no wait behind for longer.
    Duration wait_portion{10'000};
    /// How long `stop` lets calls under way end by themselves.
    Duration stop_grace{2'000};
    /// Between two attempts. Short: a partition that has a leader again should not wait for
    /// callers.
    Backoff backoff{.initial = Duration(20), .max = Duration(250)};
};

/// Keeps the contract of queue/queues.h, and adds to what every call may fail with:
/// - queue_unavailable, with retry_after: nobody could be reached in the time for it; certainly not
///   executed.
/// - deadline_exceeded: whether it was executed is not known. A call is repeated by itself as long
///   as that can do no harm (command_table.h); a post, when every message has a dedup key and the
///   queue's dedup_window is at least twice the call_timeout. Then `duplicate` may be true of a
///   message that this call itself has posted.
/// - protocol_error: a daemon of another version.
///
/// Where a call meets several partitions:
/// - ack, nack, extend, ack_and_pop: the receipts of each partition are settled at the same time,
///   in one commit each; what one fails with stands in the results of its receipts. Only when all
///   fail the call does. ack_and_pop takes those of other partitions after its own.
/// - list_queues and quota fail when one partition does. `quota` adds what is used; the limit is
///   the largest, for a set_quota that failed half way.
/// - set_quota: done when every partition has the limit; when it fails some may have it: repeat it.
///   How soon it holds for what the tenant keeps in all of them is up to the servers.
/// - redrive into a queue of another partition goes in pages of at most 1,000 letters and 4 MiB:
///   taken there first, then dropped here. After an error some may be in both; a redrive within
///   LetterMover::memory drops them and takes none of them again. The target's tenant must have
///   room for a page, also when it is the same one.
///
/// A queue in memory lives on its server: it is gone when that changes.
///
/// `stop` withdraws waits, lets calls end for up to stop_grace and closes the transport. The
/// references must outlive the result.
[[nodiscard]] std::unique_ptr<Queues> make_remote_queues(
    Transport& transport, const RemoteConfig& config, MetricRegistry& metrics);

}  // namespace baton::queue::remote

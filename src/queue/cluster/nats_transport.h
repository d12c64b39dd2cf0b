// Commands between daemons over core NATS: the transport of the remote queues, and the door through
// which other daemons' commands come.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/log.h"
#include "nats/messaging.h"
#include "queue/cluster/calls.h"
#include "queue/cluster/directory.h"
#include "queue/cluster/partition_map.h"
#include "queue/remote/transport.h"

namespace baton::queue::cluster {

struct NatsTransportConfig {
    std::string cluster = "baton";  ///< first word of every subject
    DaemonId id{};
    std::uint32_t partitions = 1;
    std::size_t message_bytes_max = 0;  ///< what the NATS servers take
    std::uint64_t random = 0;           ///< tells this daemon's calls from others'
};

class NatsTransport : public remote::Transport {
public:
    /// Ends calls that have waited too long; to be called now and then.
    virtual void sweep() = 0;
    /// The connection was lost and is back. What was under way may never arrive: calls that went
    /// out or wait for an answer end here, and those to this daemon at all others; also such as
    /// have begun since it is back, if this comes later.
    virtual void came_back() = 0;
    /// Tells every daemon, this one too.
    virtual void tell_event(const Bytes& event) = 0;
    /// Takes no commands any more, which goes on after `close`: a daemon that stops still leads
    /// until it has handed over. What came until then has been received on return.
    virtual void leave() = 0;
};

/// Gives a command to an engine of this daemon. False: the partition is not served here, and
/// `answer` was not touched.
using Receive = std::function<bool(Partition, const Bytes& request, Completion<Bytes>& answer)>;

/// Subjects: `<cluster>.command.<daemon>.<partition>`, `<cluster>.event`, `<cluster>.back` (the id
/// of a daemon whose connection was lost for a while). A command for a partition
/// that this daemon serves does not leave it. The directory must outlive it. Fails: unavailable,
/// permission_denied.
[[nodiscard]] Result<std::unique_ptr<NatsTransport>> make_nats_transport(NatsTransportConfig config,
    std::shared_ptr<nats::Messaging> messaging, const Directory& directory, Receive receive,
    baton::Log log);

}  // namespace baton::queue::cluster

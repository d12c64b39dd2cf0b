// A shared log in a JetStream stream: one entry is one message, or several in a row if it is large.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "nats/jetstream.h"
#include "queue/store/shared_log.h"

namespace baton::queue {

struct JetStreamLogConfig {
    std::string stream = "BATON_LOG_0";  ///< made on first use
    /// What all its subjects begin with: it has one at a time, `<subject>.<generation>`.
    std::string subject = "baton.log.0";
    int replicas = 3;
    std::int64_t max_bytes = -1;  ///< of the stream; -1: what the account allows
    /// How long an append or a take-over goes on against a cluster that does not answer.
    Duration patience{15'000};
    /// Of one request. A message that is not answered by then is never sent again on its subject.
    Duration request_timeout{1'000};
    Duration retry_wait{50};  ///< between two tries while the cluster chooses a leader
    /// Bytes of one message at most; 0: what the server takes.
    std::size_t message_size_max = 0;
};

/// Nothing is sent before `take_over`. What it writes is described in docs/formats/jetstream.md.
[[nodiscard]] std::unique_ptr<SharedLog> make_jetstream_log(
    std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config);

}  // namespace baton::queue

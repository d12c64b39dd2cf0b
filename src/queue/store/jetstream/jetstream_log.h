// A shared log in two JetStream streams: one entry is one message, or several in a row if it is
// large, in the one stream or the other.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "nats/jetstream.h"
#include "queue/store/shared_log.h"

namespace baton::queue {

struct JetStreamLogConfig {
    /// Of the first; the second one is `<stream>-b`. Both are made on first use.
    std::string stream = "BATON_LOG_0";
    /// What all its subjects begin with: it has one at a time, `<subject>.<generation>`, and the
    /// second stream `<subject>-b.<generation>`.
    std::string subject = "baton.log.0";
    int replicas = 3;
    /// Of what is needed in both together, and of each; -1: what the account allows.
    std::int64_t max_bytes = -1;
    /// How long an append, a look or a take-over goes on against a cluster that does not answer,
    /// and for how long a reading waits for each message.
    Duration patience{15'000};
    /// Of one request. A message that is not answered by then is never sent again on its subject.
    Duration request_timeout{1'000};
    Duration retry_wait{50};  ///< between two tries while the cluster chooses a leader
    /// How often the stream that is not written is looked after.
    Duration tend_interval{2'000};
    /// The same while that one is away, or one server leads both.
    Duration exposed_interval{500};
    /// A leader that answers and stores nothing for so long is asked to make room for another one;
    /// twice as long the next time, up to eight times, as who comes after it needs time too.
    Duration deafness_max{2'000};
    /// So many bytes more than must, and an entry, may stay in a stream that is purged.
    std::uint64_t purge_step = std::uint64_t{64} * 1024;
    /// Bytes of one message at most; 0: what the server takes.
    std::size_t message_size_max = 0;
    /// Called by `append` again and again while one of the streams does not answer (entries go to
    /// the other one, but nobody can take the log over), by `take_over` with each try that failed.
    std::function<void()> on_trouble{};
};

/// Nothing is sent before `look` or `take_over`. What it writes is described in
/// docs/formats/jetstream.md.
[[nodiscard]] std::unique_ptr<SharedLog> make_jetstream_log(
    std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config);

}  // namespace baton::queue

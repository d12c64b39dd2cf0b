// One writer's way to its stream, whose subject changes whenever an answer stays away.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "nats/jetstream.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/jetstream/stored_part.h"

namespace baton::queue::jetstream {

/// Whether it may help to ask again.
[[nodiscard]] inline bool may_pass(Errc code) noexcept {
    return code == Errc::unavailable || code == Errc::deadline_exceeded;
}

/// Whether it says of something that was to be stored that it was not.
[[nodiscard]] inline bool is_refusal(Errc code) noexcept {
    return code == Errc::unavailable || code == Errc::storage_full ||
           code == Errc::message_too_large || code == Errc::permission_denied;
}

/// The time that is left for one thing, and the pauses between its tries.
class Patience {
public:
    explicit Patience(const JetStreamLogConfig& config)
        : wait_(config.retry_wait), end_(std::chrono::steady_clock::now() + config.patience) {}
    /// For what can be left for later, while the other stream is written: about one request.
    [[nodiscard]] static Patience brief(const JetStreamLogConfig& config);
    /// Waits a little; false when the time is over.
    [[nodiscard]] bool pause() const;

    [[nodiscard]] bool is_brief() const noexcept { return is_brief_; }

private:
    Duration wait_;
    std::chrono::steady_clock::time_point end_;
    bool is_brief_ = false;
};

/// A message whose publication was not answered may wait in a server that hangs, and be stored when
/// that wakes. nats-server 2.9 loses other messages if the same subject was used meanwhile, and
/// counts wrong what it has to refuse. So nothing is left to it to refuse, and on a subject with
/// something unanswered nothing more is sent: the stream gets a new one, which the server that
/// hangs does not listen to.
class StreamLink {
public:
    StreamLink(nats::JetStream& jetstream, const JetStreamLogConfig& config);

    /// Makes the stream unless it is there.
    [[nodiscard]] Result<void> make(const Patience& patience);
    /// The stream, if a leader answers at once. Fails also: not_found.
    [[nodiscard]] Result<nats::StreamState> state();
    /// Whether a leader answers at once: it is not waited for as long as in `state`.
    [[nodiscard]] bool is_led();
    /// The stream, once a leader answers. Fails also: not_found.
    [[nodiscard]] Result<nats::StreamState> look(const Patience& patience);
    /// From here on nobody uses the subject of now.
    [[nodiscard]] Result<void> leave_subject(const Patience& patience);
    /// The stream, if a leader answers and its subject is one on which nothing is unanswered. One
    /// try; what it did may be seen by the next.
    [[nodiscard]] Result<nats::StreamState> settle();
    /// The same, once that is so.
    [[nodiscard]] Result<nats::StreamState> settle(const Patience& patience);
    /// Nothing is sent for a while: silence from here on is none of the leader's.
    void rest() noexcept { deaf_since_.reset(); }

    /// Sends it once. Returns its sequence. After deadline_exceeded `settle` is needed.
    [[nodiscard]] Result<std::uint64_t> publish(const StoredPart& part);
    /// For a sequence that is there. Fails also: not_found (it was purged), storage_corrupt.
    [[nodiscard]] Result<StoredPart> part_at(std::uint64_t sequence, const Patience& patience);

private:
    [[nodiscard]] std::string subject(std::uint64_t generation) const;
    [[nodiscard]] Result<std::uint64_t> generation_of(const nats::StreamState& state) const;
    void look_for_deafness();

    nats::JetStream& jetstream_;
    const JetStreamLogConfig& config_;
    const Duration look_timeout_;
    std::uint64_t generation_ = 0;  ///< of the subject in use
    std::uint64_t spent_ = 0;       ///< generations up to it are not used any more
    std::string name_;              ///< who opened an epoch, as last read
    /// Nothing was stored since, while the leader said that it is there.
    std::optional<std::chrono::steady_clock::time_point> deaf_since_;
    Duration deafness_max_;  ///< until a leader like that is asked to make room
};

}  // namespace baton::queue::jetstream

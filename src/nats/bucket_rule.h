// What a bucket holds, by the messages of its stream. Pure. The server decides nothing: it takes
// every message, and all who read them come to the same.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "nats/jetstream.h"

namespace baton::nats {

/// One write of a key.
struct BucketWrite {
    std::string key;  ///< without spaces
    std::string value;
    /// Chosen by who writes it, higher than any that he has seen.
    std::uint64_t revision = 0;
    /// The revision that the key must have, 0: it must not be there. Absent: whatever it is.
    std::optional<std::uint64_t> expected{};
    std::int64_t stored_ms = 0;  ///< by the clock of the server that led the stream then
};

/// The header that says all but value and time.
[[nodiscard]] Headers headers_of(const BucketWrite& write);
/// Fails: protocol_error (it is no write of a bucket).
[[nodiscard]] Result<BucketWrite> bucket_write_of(const Message& message);

/// A write with an expectation counts when the last one of its key that counts is the one expected,
/// and has not expired by the times of the two.
///
/// Servers that were stopped or cut off can make readers miss messages, or see some twice
/// (nats-server 2.9). So a revision that is not higher than the last one is passed over, and one
/// that follows a revision never seen here counts: its writer had seen that.
class BucketRule {
public:
    /// `ttl`: an entry expires when it is this old.
    explicit BucketRule(Duration ttl) : ttl_(ttl) {}

    /// The next message of the stream. Returns whether it counts.
    bool add(const BucketWrite& write);

    /// What has not expired at the time of the last message, in the order of revisions.
    [[nodiscard]] std::vector<BucketWrite> entries() const;
    /// The highest revision seen, counting or not.
    [[nodiscard]] std::uint64_t last_revision() const noexcept { return last_revision_; }

private:
    struct Key {
        BucketWrite last;
        std::deque<std::uint64_t> past;  ///< revisions that counted before it, ascending
    };
    [[nodiscard]] bool is_live(const Key& key, std::int64_t now_ms) const;
    [[nodiscard]] bool counts(const Key& key, const BucketWrite& write) const;
    void forget_old();

    Duration ttl_;
    std::map<std::string, Key> keys_;
    std::uint64_t last_revision_ = 0;
    std::int64_t now_ms_ = 0;  ///< of the newest message
    std::int64_t tidied_ms_ = 0;
};

}  // namespace baton::nats

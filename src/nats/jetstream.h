// JetStream: streams that a quorum of servers keeps. As much of it as Baton uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "nats/connection.h"

namespace baton::nats {

/// A stream with one subject. Without `max_age` nothing goes from it but by a purge, and when it is
/// full it takes no more; with it the oldest messages make room.
struct StreamConfig {
    std::string name;
    std::string subject;
    std::string description;
    int replicas = 1;  ///< 1, 3 or 5
    /// Of the stream; beyond it publishing fails. -1: no limit, and a server that reaches its own
    /// stops answering for the stream.
    std::int64_t max_bytes = -1;
    bool in_memory = false;
    Duration max_age{0};  ///< messages go when they are this old; 0: they stay
};

struct StreamState {
    std::uint64_t first = 0;  ///< sequences; of an empty stream `last` + 1, or 0
    std::uint64_t last = 0;   ///< 0: nothing was ever published
    std::uint64_t bytes = 0;
    std::vector<std::string> subjects;
    std::string leader;        ///< name of the server; empty: it is not known
    bool is_caught_up = true;  ///< no replica that its leader hears of is behind
};

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Publication {
    std::string_view subject;
    std::string_view data;
    const Headers& headers;
    Duration timeout{1'000};
};

/// A stored message.
class Message {
public:
    virtual ~Message() = default;
    [[nodiscard]] virtual std::uint64_t sequence() const = 0;
    [[nodiscard]] virtual std::string_view data() const = 0;
    /// Empty when there is none of that name.
    [[nodiscard]] virtual std::string_view header(const char* name) const = 0;
    /// When it was stored, by the clock of the server that led the stream: ms since 1970.
    [[nodiscard]] virtual std::int64_t stored_ms() const = 0;
};

/// Reads a stream in order. Use from one thread. Its end waits for the server, as long as one
/// request and a second at most.
class StreamReader {
public:
    virtual ~StreamReader() = default;
    /// The next message. Fails: deadline_exceeded (none came in time), storage_corrupt (a sequence
    /// is missing), as JetStream.
    [[nodiscard]] virtual Result<std::unique_ptr<Message>> next(Duration timeout) = 0;
};

/// All methods block, and may be called from any thread. Errors everywhere: unavailable (nothing
/// was done), deadline_exceeded (whether it was done is not known), permission_denied, storage_io.
class JetStream {
public:
    virtual ~JetStream() = default;

    /// Bytes of the largest message the server takes, headers included.
    [[nodiscard]] virtual std::size_t max_payload() const = 0;
    /// A name that nothing else has.
    [[nodiscard]] virtual std::string unique_name() = 0;

    /// Makes the stream unless it is there, whatever its configuration. Fails also: storage_full,
    /// conflict (its subject belongs to another stream).
    [[nodiscard]] virtual Result<void> ensure_stream(const StreamConfig& config) = 0;
    /// Said by its leader, while there is one. Fails also: not_found.
    [[nodiscard]] virtual Result<StreamState> state(
        const std::string& stream, Duration timeout) = 0;
    /// Gives the stream this subject in place of what it has. What is published on another one from
    /// then on finds nobody; what was sent before may still be stored. Fails also: not_found.
    [[nodiscard]] virtual Result<void> move_stream(
        const std::string& stream, const std::string& subject) = 0;
    /// Whether somebody leads the servers: any error means that nobody said so at once. What
    /// changes streams should not be asked for without.
    [[nodiscard]] virtual Result<void> find_leader() = 0;
    [[nodiscard]] virtual Result<void> delete_stream(const std::string& stream) = 0;
    /// Asks the stream's leader to let another one be chosen, and waits for no answer.
    [[nodiscard]] virtual Result<void> step_down(const std::string& stream) = 0;

    /// Stored by a quorum on return; says its sequence. Fails also: storage_full,
    /// message_too_large; both: not stored.
    [[nodiscard]] virtual Result<std::uint64_t> publish(const Publication& publication) = 0;
    /// Fails also: not_found.
    [[nodiscard]] virtual Result<std::unique_ptr<Message>> get(
        const std::string& stream, std::uint64_t sequence) = 0;
    /// From sequence `first` on.
    [[nodiscard]] virtual Result<std::unique_ptr<StreamReader>> read(
        const std::string& stream, std::uint64_t first) = 0;
    /// Asks that everything before `sequence` be taken out, and does not wait for it: the stream
    /// takes nothing meanwhile. `state` tells when it is done. With any error it was not asked.
    [[nodiscard]] virtual Result<void> ask_to_purge(
        const std::string& stream, std::uint64_t sequence) = 0;
};

/// `timeout`: of calls that have none of their own.
[[nodiscard]] Result<std::unique_ptr<JetStream>> make_jetstream(
    std::shared_ptr<Connection> connection, Duration timeout);

}  // namespace baton::nats

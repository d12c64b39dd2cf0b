// One of the two streams of a log, written and read by the rule.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "base/result.h"
#include "nats/jetstream.h"
#include "queue/store/jetstream/reading_rule.h"
#include "queue/store/jetstream/stored_part.h"
#include "queue/store/jetstream/stream_link.h"
#include "queue/store/jetstream/stream_search.h"

namespace baton::queue::jetstream {

/// What is known of a stream up to the last message that was read, and the way to add one. Errors
/// everywhere: unavailable, deadline_exceeded (ask again), storage_corrupt, storage_io, not_found
/// (there is no such stream, or what was looked for was purged); of what writes also storage_full,
/// message_too_large, permission_denied. Use from one thread.
class Lane {
public:
    Lane(nats::JetStream& jetstream, JetStreamLogConfig config)
        : jetstream_(jetstream), config_(std::move(config)), link_(jetstream_, config_) {}
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;

    [[nodiscard]] const std::string& stream() const noexcept { return config_.stream; }
    [[nodiscard]] const ReadingRule& rule() const noexcept { return rule_; }
    [[nodiscard]] Extent extent() const noexcept { return extent_; }
    /// What it took when it was last asked.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// The server that led the stream when it was last asked.
    [[nodiscard]] const std::string& leader() const noexcept { return leader_; }
    /// Whether no replica that its leader hears of was behind when it was last asked.
    [[nodiscard]] bool is_caught_up() const noexcept { return is_caught_up_; }
    /// Whether all is read, and nothing is unanswered on its subject.
    [[nodiscard]] bool is_ready() const noexcept { return is_ready_; }

    /// Makes the stream unless it is there.
    [[nodiscard]] Result<void> make(const Patience& patience) { return link_.make(patience); }
    /// Goes to the end as it is. Fails also: not_found.
    [[nodiscard]] Result<void> look(const Patience& patience);
    /// Reads on to the end of now. Returns whether there was more.
    [[nodiscard]] Result<bool> look_on(const Patience& patience);
    /// Number of the first entry that begins; 0: there is none.
    [[nodiscard]] Result<std::uint64_t> first_number(const Patience& patience);
    /// Where to begin to read entries from `number` on.
    [[nodiscard]] Result<std::uint64_t> place(std::uint64_t number, const Patience& patience);

    /// Moves it to a subject that nobody has used, and goes to the end.
    [[nodiscard]] Result<void> enter(const Patience& patience);
    /// Writes that `epoch` begins. Whether it did; if not, another one did before.
    [[nodiscard]] Result<bool> open(
        std::uint64_t epoch, std::uint64_t needed, const Patience& patience);
    /// Adds the next part of our epoch, once, to a lane that is ready. Whether it counts. With any
    /// error but a refusal it may be stored, or be some time.
    [[nodiscard]] Result<bool> add(StoredPart part, const Patience& patience);
    /// Makes it ready again, if that can be done now: one try. What may be stored is stored for
    /// certain then: nats-server 2.9 may keep it on one of its replicas and not on the others, so
    /// nothing of ours may come to stand in its place. (Another daemon does not know of it.)
    [[nodiscard]] Result<void> recover(const Patience& patience);
    /// The other one is written from now on.
    void rest() noexcept { link_.rest(); }
    /// Its leader does not answer: `recover` comes before anything is added.
    void doubt() noexcept { is_ready_ = false; }
    /// Whether a leader answers at once.
    [[nodiscard]] bool is_led() { return link_.is_led(); }
    /// Asks how much it takes, where it begins, and who leads.
    [[nodiscard]] Result<void> refresh();
    /// Asks that entries before `needed` go; `purged` tells later, after a `refresh`. Until then
    /// nothing may be added. With any error it was not asked.
    [[nodiscard]] Result<void> ask_to_purge(std::uint64_t needed, const Patience& patience);
    /// The same, and waits until they have gone, once that could be asked.
    [[nodiscard]] Result<void> purge(std::uint64_t needed, const Patience& patience);
    /// Entries before this number have gone, but for what `purge_step` lets stay.
    [[nodiscard]] std::uint64_t purged() const noexcept { return purged_; }
    /// Whether it was asked, and is not known to be done. (A replica of nats-server 2.9 came apart
    /// once when messages could come meanwhile; that this was the reason is inferred.)
    [[nodiscard]] bool is_purging() const noexcept { return asked_.sequence > extent_.first; }

private:
    /// A part of which it is not known whether it is stored.
    struct OpenPart {
        StoredPart part;
        std::string data;
    };
    struct Purge {
        std::uint64_t needed = 0;    ///< number of an entry
        std::uint64_t sequence = 0;  ///< with which the stream begins then
    };
    /// An entry of ours that begins there.
    struct Mark {
        std::uint64_t number = 0;
        std::uint64_t sequence = 0;
        std::uint64_t bytes = 0;  ///< that were added up to it
    };
    void see(const nats::StreamState& state);
    void mark();
    [[nodiscard]] Result<std::uint64_t> purge_place(std::uint64_t number, const Patience& patience);
    [[nodiscard]] Result<bool> send(StoredPart part, const Patience& patience);
    [[nodiscard]] Result<void> close_open(const Patience& patience);
    [[nodiscard]] Result<void> go_to_end(const nats::StreamState& state, const Patience& patience);
    [[nodiscard]] Result<void> go_to(
        std::uint64_t sequence, const StoredPart& part, const Patience& patience);
    [[nodiscard]] Result<void> read_on(std::uint64_t sequence, const Patience& patience);
    [[nodiscard]] PartAt at(const Patience& patience);

    nats::JetStream& jetstream_;
    const JetStreamLogConfig config_;  ///< with this stream's names
    StreamLink link_;
    ReadingRule rule_;  ///< what it says behind the last message
    Extent extent_;     ///< of the stream, as far as it was read
    std::uint64_t bytes_ = 0;
    std::uint64_t purged_ = 0;
    Purge asked_;
    std::deque<Mark> marks_;    ///< ascending, and some way apart but for the last one
    std::uint64_t added_ = 0;   ///< bytes
    std::uint64_t opened_ = 0;  ///< sequence at which our epoch certainly began; 0: not certainly
    std::optional<OpenPart> open_;
    std::string leader_;
    bool is_caught_up_ = false;
    bool is_ready_ = false;
};

}  // namespace baton::queue::jetstream

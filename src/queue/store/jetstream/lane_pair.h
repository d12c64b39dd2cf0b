// The two lanes of a log: which one is written, and the care for the other one.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "nats/jetstream.h"
#include "queue/store/jetstream/jetstream_log.h"
#include "queue/store/jetstream/lane.h"

namespace baton::queue::jetstream {

/// One of them is written until it does not answer, then the other. What is done beside writing may
/// fail: it is tried again the next time. Use from one thread.
class LanePair final {
public:
    LanePair(nats::JetStream& jetstream, const JetStreamLogConfig& config);
    LanePair(const LanePair&) = delete;
    LanePair& operator=(const LanePair&) = delete;

    [[nodiscard]] Lane& operator[](std::size_t index) { return lanes_.at(index); }
    [[nodiscard]] const Lane& operator[](std::size_t index) const { return lanes_.at(index); }
    [[nodiscard]] auto begin() noexcept { return lanes_.begin(); }
    [[nodiscard]] auto end() noexcept { return lanes_.end(); }
    [[nodiscard]] std::size_t written_index() const noexcept { return written_; }
    [[nodiscard]] Lane& written() { return lanes_.at(written_); }
    [[nodiscard]] Lane& spare() { return lanes_.at(1 - written_); }
    [[nodiscard]] const Lane& spare() const { return lanes_.at(1 - written_); }

    /// Both have been taken over. Lets go of the entries before `needed`.
    void take_over(std::uint64_t needed);
    /// An entry that counts has said that those before `needed` are not needed.
    void let_go(std::uint64_t needed) noexcept { needed_ = needed; }

    /// Waits until one of them can be written, the spare rather than the one of now. Fails:
    /// unavailable, deadline_exceeded (neither can), or as a lane does.
    [[nodiscard]] Result<void> go_on(const Patience& patience);
    /// The one that is written has refused an entry for want of room.
    void make_room();
    /// Now and then, and when something may be purged: makes the spare ready for the next time,
    /// lets go of what is not needed, and sees to it that the two have leaders on different
    /// servers. Call after each entry; mostly it does nothing. Whether it has asked what they take.
    bool tend();

    /// Whether nothing stands in them that is not needed, as far as was asked.
    [[nodiscard]] bool is_purged() const;
    /// What both took when they were last asked.
    [[nodiscard]] std::uint64_t bytes() const { return lanes_[0].bytes() + lanes_[1].bytes(); }

private:
    [[nodiscard]] bool is_due() const;
    [[nodiscard]] bool have_one_leader() const;
    bool look_after();
    void recover_spare();
    void sweep();
    void make_room_in(Lane& lane);
    void tell_trouble() const;

    nats::JetStream& jetstream_;
    const JetStreamLogConfig config_;
    std::array<Lane, 2> lanes_;
    std::size_t written_ = 0;   ///< the lane that entries go to
    std::uint64_t needed_ = 0;  ///< entries before it are not, and may go
    std::uint64_t swept_ = 0;   ///< `needed_` when the lanes were last looked after
    std::chrono::steady_clock::time_point tended_at_{};
    std::chrono::steady_clock::time_point recovered_at_{};  ///< when the spare was to be
    std::chrono::steady_clock::time_point asked_at_{};      ///< for another leader
};

}  // namespace baton::queue::jetstream

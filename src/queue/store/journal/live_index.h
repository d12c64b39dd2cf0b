// What is alive: for every record that still counts, where it stands. The store commits by it,
// compaction asks it, recovery builds it with the same calls.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "queue/store/journal/record_codec.h"
#include "queue/store/journal/segment.h"

namespace baton::queue::journal {

/// How much of a segment counts.
struct SegmentUse {
    std::uint64_t used_bytes = 0;  ///< where its last batch ends
    std::uint64_t live_bytes = 0;
    std::uint64_t live_records = 0;
    std::uint64_t dedup_bytes = 0;  ///< of dedup keys, as dedup_kept records
    TimePoint dedup_until{};        ///< none of them counts from then on
};

/// The messages of one queue: 12 bytes each, in pages of 256 seqs; 16 more for each page in which
/// one was delivered.
class PlaceTable {
public:
    struct Delivered {
        Place place;
        MessageState state{};
    };

    [[nodiscard]] Place post(std::uint64_t seq) const noexcept;
    [[nodiscard]] Delivered delivery(std::uint64_t seq) const noexcept;
    void set_post(std::uint64_t seq, Place place);
    /// The message must be there.
    void set_delivery(std::uint64_t seq, Delivered delivered);
    void clear_delivery(std::uint64_t seq) noexcept;
    void erase(std::uint64_t seq);

    /// Calls `visit(seq, place, delivered)` for every message, by seq; those up to `last` and a few
    /// more.
    template <class Visit>
    void for_each(const Visit& visit, std::uint64_t last = UINT64_MAX) const {
        std::vector<std::uint64_t> numbers;
        for (const auto& [number, page] : pages_) {
            if (number <= last / page_size) numbers.push_back(number);
        }
        std::sort(numbers.begin(), numbers.end());
        for (const auto number : numbers) {
            const Page& page = *pages_.at(number);
            for (std::uint64_t i = 0; i < page_size; ++i) {
                if (!page.posts[i]) continue;
                visit(number * page_size + i, page.posts[i],
                    page.deliveries ? (*page.deliveries)[i] : Delivered{});
            }
        }
    }

private:
    static constexpr std::uint64_t page_size = 256;
    struct Page {
        std::array<Place, page_size> posts{};
        std::unique_ptr<std::array<Delivered, page_size>> deliveries;
        std::uint32_t used = 0;
    };
    [[nodiscard]] Page* page_of(std::uint64_t seq) const noexcept;

    boost::unordered_flat_map<std::uint64_t, std::unique_ptr<Page>> pages_;
};

/// Not safe against itself: the store guards it with a mutex.
class LiveIndex {
public:
    struct KeptReply {
        Place place;
        TimePoint until{};
        std::uint64_t bytes = 0;  ///< of the result
    };
    /// One record of an output.
    struct OutputPart {
        std::uint64_t first = 0;  ///< offset of its first event
        Place place;
        std::uint32_t events = 0;
        std::uint64_t bytes = 0;
    };
    struct Output {
        std::vector<OutputPart> parts;  ///< by `first`
        TimePoint until{};              ///< by the last one

        [[nodiscard]] std::uint64_t events() const {
            return parts.back().first + parts.back().events;
        }
        [[nodiscard]] std::uint64_t bytes() const;
    };
    struct Cursor {
        Place place;
        std::uint64_t committed = 0;
    };
    struct Queue {
        Place put;
        Place born;  ///< the first record since the queue was made; older ones are another queue's
        std::uint64_t next_seq = 1;
        std::uint64_t highest_placed = 0;  ///< the largest seq placed so far
        bool is_in_order = true;           ///< messages stand in the log by seq: none was moved
        PlaceTable messages;
        std::unordered_map<std::uint64_t, KeptReply> replies;
        TimePoint passed{};  ///< the end of retention that was last reported
        using End = std::pair<TimePoint, std::uint64_t>;
        using Ends = std::priority_queue<End, std::vector<End>, std::greater<>>;
        Ends reply_ends;
        std::unordered_map<std::uint64_t, Output> outputs;
        Ends output_ends;
        std::map<std::string, Cursor, std::less<>> cursors;
        std::map<std::pair<KeyKind, std::string>, Place> paused_keys;
    };
    struct Quota {
        Place place;
        std::uint64_t limit = 0;
    };
    using Quotas = std::map<std::string, Quota, std::less<>>;

    /// A record was written at `place`, or is read back from there; in the order of the log.
    void apply(const Mark& mark, Place place);
    /// The log has been read to its end. An output outlives its end while its message is there, and
    /// only now is it known which are: their posts may have moved behind the end of retention.
    void finish_replay();
    /// The bytes of `segment` in use, batch heads included.
    void set_used(std::uint32_t segment, std::uint64_t bytes) { uses_[segment].used_bytes = bytes; }
    void forget_segment(std::uint32_t segment) { uses_.erase(segment); }
    /// What counted of the segment's dedup keys has been written elsewhere.
    void forget_dedup(std::uint32_t segment) { uses_[segment].dedup_until = {}; }

    /// Whether the record at `place` is the one that counts. For dedup_kept and a dead post:
    /// whether its dedup key may still count.
    [[nodiscard]] bool is_current(const Mark& mark, Place place) const;
    [[nodiscard]] bool counts_for_dedup(const Mark& mark, Place place) const;
    [[nodiscard]] bool is_releasable(std::uint32_t segment) const;
    /// Whether more than half of the bytes (and `slack`) is dead.
    [[nodiscard]] bool is_wasteful(std::uint64_t slack) const;
    /// Whether at least half of the segment's bytes is dead.
    [[nodiscard]] bool is_half_dead(std::uint32_t segment) const;

    [[nodiscard]] const Queue* find(QueueNumber number) const;
    /// Of the queue that `record` puts, if it does. A queue dropped by a record `before` it starts
    /// anew.
    [[nodiscard]] std::uint64_t next_seq_for(
        std::span<const Record> before, const Record& record) const;
    [[nodiscard]] const std::map<QueueNumber, Queue>& queues() const noexcept { return queues_; }
    [[nodiscard]] const Quotas& quotas() const noexcept { return quotas_; }
    [[nodiscard]] const std::map<std::uint32_t, SegmentUse>& uses() const noexcept { return uses_; }
    /// The latest time any record tells of.
    [[nodiscard]] TimePoint horizon() const noexcept { return horizon_; }

private:
    Queue& queue(QueueNumber number, Place place);
    [[nodiscard]] static bool is_current_stream(const Queue& queue, const Mark& mark, Place place);
    [[nodiscard]] std::uint64_t live_bytes(const SegmentUse& use) const noexcept;
    void add_live(Place place);
    void kill(Place place);
    void drop(QueueNumber number);
    void post(Queue& queue, const Mark& mark, Place place);
    void gone(Queue& queue, std::uint64_t seq);
    void purge(Queue& queue, std::uint64_t up_to);
    void truncate(Queue& queue, std::uint64_t up_to);
    void output(Queue& queue, const Mark& mark, Place place);
    void move_cursor(Queue& queue, const Mark& mark, Place place);
    void drop_cursor(Queue& queue, std::string_view subscription);
    void pause_key(Queue& queue, const Mark& mark, Place place);
    void set_quota(const Mark& mark, Place place);
    void pass_outputs(Queue& queue);
    /// Drops the output of a message that is gone, if it has ended.
    void drop_ended_output(Queue& queue, std::uint64_t seq);
    void reply(Queue& queue, const Mark& mark, Place place);
    void pass(Queue& queue, TimePoint until);
    void note_dedup(const Mark& mark, Place place);

    std::map<QueueNumber, Queue> queues_;
    Quotas quotas_;
    std::map<std::uint32_t, SegmentUse> uses_;
    TimePoint horizon_{};
    bool is_replayed_ = false;
};

}  // namespace baton::queue::journal

#include "queue/store/jetstream/jetstream_log.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "queue/store/jetstream/lane.h"
#include "queue/store/jetstream/lane_pair.h"
#include "queue/store/jetstream/lane_reader.h"
#include "queue/store/jetstream/log_size.h"
#include "queue/store/jetstream/stored_part.h"
#include "queue/store/jetstream/stream_link.h"

namespace baton::queue {
namespace {

using jetstream::headers_size_max;
using jetstream::is_refusal;
using jetstream::Lane;
using jetstream::LanePair;
using jetstream::LaneReader;
using jetstream::LogSize;
using jetstream::may_pass;
using jetstream::Patience;

/// Writes one of its lanes until that does not answer, and then the other: an entry that may be in
/// the first is put into the second as well, the same to the byte. So it does not matter in which
/// of the two a reader finds it.
class JetStreamLog final : public SharedLog {
public:
    JetStreamLog(std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config)
        : jetstream_(std::move(jetstream)),
          config_(std::move(config)),
          lanes_(*jetstream_, config_),
          size_(config_.max_bytes) {}

    Result<Bounds> look() override {
        fenced_ = not_taken_over();
        const Patience patience(config_);
        BATON_TRY_VOID(lanes_[0].look(patience));
        BATON_TRY_VOID(lanes_[1].look(patience));
        // What stands in both at one time: one of them must not have grown while the other was
        // read.
        const auto looked = look_on(patience);
        if (looked) return bounds_;
        const bool is_purged = looked.error().code == Errc::not_found;  // meanwhile
        return fail(is_purged ? Errc::unavailable : looked.error().code, looked.error().detail);
    }

    Result<Bounds> take_over() override {
        fenced_ = not_taken_over();
        const Patience patience(config_);
        for (auto& lane : lanes_) {
            BATON_TRY_VOID(lane.make(patience));
        }
        const auto allowed = jetstream_->max_payload() - headers_size_max;
        part_size_ =
            config_.message_size_max == 0 ? allowed : std::min(allowed, config_.message_size_max);
        least_needed_ = 0;
        while (true) {
            auto opened = try_to_open(patience);
            if (opened && *opened) {
                const auto found = find_bounds(patience);
                if (found && announced_ != 0) break;
                if (found) {
                    least_needed_ = std::max<std::uint64_t>(1, bounds_.first);
                    continue;
                }
                opened = fail(found.error());
            }
            const Error error = opened ? Error{.code = Errc::unavailable,
                                             .detail = "others take the log over at the same time"}
                                       : opened.error();
            // What was looked for may have been purged by who writes until now.
            const bool again = may_pass(error.code) || error.code == Errc::not_found;
            if (again && config_.on_trouble) config_.on_trouble();
            if (!again || !patience.pause()) return fail(error);
        }
        size_.begin(std::min(first_there_, bounds_.last), bounds_.last, lanes_.bytes());
        size_.release_before(bounds_.first);
        // Before anything is read: a reading looks for its beginning in what is there.
        lanes_.take_over(announced_);
        if (lanes_.is_purged()) size_.correct(lanes_.bytes());
        fenced_.reset();
        return bounds_;
    }

    Result<void> read(std::uint64_t from, const Visit& visit) override {
        if (bounds_.last == 0 || from > bounds_.last) return {};
        std::uint64_t next = std::max(from, bounds_.first);
        const Patience patience(config_);
        std::array<std::optional<LaneReader>, 2> readers;
        for (std::size_t i = 0; i < readers.size(); ++i) {
            BATON_TRY(readers[i], reader(lanes_[i], next, patience));
        }
        for (; next <= bounds_.last; ++next) {
            const LaneReader* found = nullptr;
            for (auto& reader : readers) {
                if (!reader) continue;
                if (reader->number() < next) {
                    BATON_TRY(const bool is_there, reader->next(next));
                    if (!is_there) {
                        reader.reset();
                        continue;
                    }
                }
                if (reader->number() == next) found = &*reader;
            }
            if (found == nullptr) {
                // Who only looks may have been shown one of the streams as it was a moment ago.
                return fail(fenced_ ? Errc::unavailable : Errc::storage_corrupt,
                    fmt::format("stream {}: entry {} is missing", config_.stream, next));
            }
            BATON_TRY_VOID(visit(next, found->entry()));
        }
        // What stands behind the last entry is judged too, and no subscription ends in the middle.
        for (auto& reader : readers) {
            if (!reader) continue;
            BATON_TRY_VOID(reader->next(UINT64_MAX));
        }
        return {};
    }

    std::uint64_t room() const override { return size_.room(); }

    Result<void> append(std::uint64_t number, std::string_view entry) override {
        if (fenced_) return fail(*fenced_);
        if (number != bounds_.last + 1) {
            return fail(Errc::storage_io,
                fmt::format("entry {} cannot follow entry {}", number, bounds_.last));
        }
        // What says that something may go is always taken.
        if (needed_ == announced_ && !size_.holds(stored_size(entry.size()))) {
            return fail(Errc::storage_full,
                fmt::format("stream {} is full: {} bytes", config_.stream, config_.max_bytes));
        }
        const auto added = add_somewhere(number, entry);
        if (!added) return added;
        size_.add(number, stored_size(entry.size()));
        if (announced_ != needed_) size_.release_before(needed_);
        announced_ = needed_;
        lanes_.let_go(announced_);
        if (bounds_.last == 0) bounds_.first = number;
        bounds_.last = number;
        if (lanes_.tend() && lanes_.is_purged()) size_.correct(lanes_.bytes());
        return {};
    }

    Result<void> release_before(std::uint64_t number) override {
        if (bounds_.last == 0 || number <= bounds_.first) return {};
        // It goes as soon as an entry says so: without that a reader would miss what is not there.
        needed_ = bounds_.first = std::min(number, bounds_.last);
        return {};
    }

private:
    Result<void> look_on(const Patience& patience) {
        for (std::size_t i = 0;; i = 1 - i) {
            BATON_TRY(const bool has_grown, lanes_[i].look_on(patience));
            if (!has_grown) return find_bounds(patience);
        }
    }

    /// Begins a higher epoch in both lanes. Whether it did, or another one came before. A log is
    /// begun twice: the second time says by `needed` that both lanes have a beginning.
    Result<bool> try_to_open(const Patience& patience) {
        for (auto& lane : lanes_) {
            BATON_TRY_VOID(lane.enter(patience));
        }
        BATON_TRY_VOID(expect_both(patience));
        epoch_ = std::max(lanes_[0].rule().epoch(), lanes_[1].rule().epoch()) + 1;
        needed_ = std::max(least_needed_, needed_by_lanes());
        for (auto& lane : lanes_) {
            BATON_TRY(const bool is_ours, lane.open(epoch_, needed_, patience));
            if (!is_ours) return false;
        }
        // Until then the one who wrote before could say more.
        needed_ = announced_ = needed_by_lanes();
        return true;
    }
    /// Fails when one of them was deleted and made anew.
    Result<void> expect_both(const Patience& patience) {
        for (const std::size_t i : {0U, 1U}) {
            const Lane& other = lanes_[1 - i];
            while (lanes_[i].extent().last == 0 && other.rule().needed() != 0) {
                // A leader may be behind for a moment.
                if (!patience.pause()) {
                    return fail(Errc::storage_corrupt,
                        fmt::format("stream {} is empty and {} is not: what it held is lost",
                            lanes_[i].stream(), other.stream()));
                }
                BATON_TRY_VOID(lanes_[i].enter(patience));
            }
        }
        return {};
    }
    [[nodiscard]] std::uint64_t needed_by_lanes() const {
        return std::max(lanes_[0].rule().needed(), lanes_[1].rule().needed());
    }

    /// Which entries are there.
    Result<void> find_bounds(const Patience& patience) {
        bounds_ = {};
        const auto last = std::max(lanes_[0].rule().whole(), lanes_[1].rule().whole());
        std::uint64_t first = 0;
        for (auto& lane : lanes_) {
            BATON_TRY(const auto begins, lane.first_number(patience));
            if (begins != 0 && (first == 0 || begins < first)) first = begins;
        }
        first_there_ = first;
        if (last == 0) return {};
        const auto needed = needed_by_lanes();
        if (needed > last) {
            return fail(Errc::not_found,
                fmt::format("stream {}: entry {} is missing", config_.stream, needed));
        }
        bounds_ = {needed == 0 ? first : needed, last};
        return {};
    }

    Result<std::optional<LaneReader>> reader(
        Lane& lane, std::uint64_t from, const Patience& patience) {
        if (lane.rule().whole() < from) return std::nullopt;
        BATON_TRY(const auto begin, lane.place(from, patience));
        BATON_TRY(auto messages, jetstream_->read(lane.stream(), begin));
        return LaneReader(std::move(messages), {begin, lane.extent().last}, config_.patience);
    }

    /// Puts the entry into one lane or the other until it is known to be there, or to be nowhere.
    Result<void> add_somewhere(std::uint64_t number, std::string_view entry) {
        const Patience patience(config_);
        bool is_unknown = false;  // it may be stored, or be some time
        std::array<bool, 2> is_full{};
        for (int tries = 1;; ++tries) {
            Lane& lane = lanes_.written();
            auto added = add_to(lane, number, entry);
            if (added) {
                if (tries > 1) lanes_.spare().rest();
                return {};
            }
            if (lane.rule().epoch() != epoch_) return fenced(deposed(lane));
            const auto code = added.error().code;
            is_unknown |= !is_refusal(code);
            if (code == Errc::storage_full) {
                is_full.at(lanes_.written_index()) = true;
                lanes_.make_room();
            }
            const bool are_full = is_full[0] && is_full[1];
            const bool may_help = may_pass(code) || (code == Errc::storage_full && !are_full);
            // The other one may be tried at once.
            const bool is_in_time = tries == 1 || patience.pause();
            if (may_help && is_in_time) added = lanes_.go_on(patience);
            if (added) continue;
            const Error& error = added.error();
            if (is_unknown) return fenced(unknown(error.detail));
            if (may_pass(error.code)) return fail(Errc::unavailable, error.detail);
            return fail(error);
        }
    }

    /// All parts of the entry, unless it is there. Any error leaves it unfinished in this lane.
    Result<void> add_to(Lane& lane, std::uint64_t number, std::string_view entry) {
        const bool is_ready = lane.is_ready() && !lane.is_purging();
        if (!is_ready) return fail(Errc::unavailable, "the stream is not ready");
        if (lane.rule().epoch() != epoch_) return fail(deposed(lane));
        const std::size_t parts = parts_of(entry.size());
        for (std::size_t i = 0; i < parts && lane.rule().whole() < number; ++i) {
            BATON_TRY(
                const bool counts, lane.add({.epoch = epoch_,
                                                .number = number,
                                                .index = static_cast<std::uint32_t>(i),
                                                .count = static_cast<std::uint32_t>(parts),
                                                .needed = needed_,
                                                .data = entry.substr(i * part_size_, part_size_)},
                                       Patience::brief(config_)));
            // Its place was taken by a message of ours that came late.
            if (!counts) return fail(Errc::deadline_exceeded, "another part came before");
        }
        return {};
    }

    [[nodiscard]] std::size_t parts_of(std::size_t size) const {
        return std::max<std::size_t>(1, (size + part_size_ - 1) / part_size_);
    }
    /// What an entry takes in a stream at most.
    [[nodiscard]] std::uint64_t stored_size(std::size_t size) const {
        return size + parts_of(size) * jetstream::beside_data_max;
    }

    std::unexpected<Error> fenced(Error error) {
        fenced_ = std::move(error);
        return fail(*fenced_);
    }
    [[nodiscard]] static Error not_taken_over() {
        return {.code = Errc::storage_io, .detail = "the log was not taken over"};
    }
    [[nodiscard]] static Error unknown(std::string_view why) {
        return {.code = Errc::storage_io,
            .detail = fmt::format("it is not known whether the log has the last entry: {}", why)};
    }
    [[nodiscard]] static Error deposed(const Lane& lane) {
        return {.code = Errc::storage_io,
            .detail = fmt::format("another daemon writes stream {} from epoch {} on", lane.stream(),
                lane.rule().epoch())};
    }

    std::unique_ptr<nats::JetStream> jetstream_;
    const JetStreamLogConfig config_;
    LanePair lanes_;
    std::uint64_t epoch_ = 0;      ///< that we opened
    std::uint64_t needed_ = 0;     ///< entries before it are not
    std::uint64_t announced_ = 0;  ///< `needed_` as an entry that counts said it
    Bounds bounds_;
    std::size_t part_size_ = 1;  ///< asking the library each time would wait while it reconnects
    LogSize size_;               ///< of what stands within them
    std::uint64_t first_there_ = 0;   ///< entry, needed or not, when it was taken over
    std::uint64_t least_needed_ = 0;  ///< what the next beginning says at least
    std::optional<Error> fenced_ = not_taken_over();  ///< why nothing may be appended
};

}  // namespace

std::unique_ptr<SharedLog> make_jetstream_log(
    std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config) {
    return std::make_unique<JetStreamLog>(std::move(jetstream), std::move(config));
}

}  // namespace baton::queue

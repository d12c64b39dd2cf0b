#include "queue/store/jetstream/jetstream_log.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "queue/store/jetstream/stored_part.h"

namespace baton::queue {
namespace {

using jetstream::StoredPart;

/// Between two tries while the cluster chooses a leader.
constexpr Duration retry_wait{50};
/// A leader that is there and does not answer for so long is asked to make room for another.
constexpr Duration silence_max{2'000};
/// Of the stream's size this part is for what makes room: acks, and what compaction moves.
constexpr std::uint64_t reserve_part = 4;
/// What headers may take of a message.
constexpr std::size_t headers_size_max = 512;

/// The time that is left for one thing, and the pauses between its tries.
class Patience {
public:
    explicit Patience(Duration time) : end_(std::chrono::steady_clock::now() + time) {}
    /// Waits a little; false when the time is over.
    [[nodiscard]] bool pause() const {
        if (std::chrono::steady_clock::now() + retry_wait >= end_) return false;
        std::this_thread::sleep_for(retry_wait);
        return true;
    }

private:
    std::chrono::steady_clock::time_point end_;
};

/// A nats-server 2.9 whose process was stopped for a while may lead a stream and answer nothing:
/// its count of messages is not its followers'. Another leader cures it. (With one that has gone
/// nobody listens, which is another error and needs patience only.)
class SilenceCure {
public:
    SilenceCure(nats::JetStream& jetstream, const std::string& stream)
        : jetstream_(jetstream), stream_(stream) {}
    void see(Errc code) {
        const auto now = std::chrono::steady_clock::now();
        if (code != Errc::deadline_exceeded) {
            begin_.reset();
        } else if (!begin_) {
            begin_ = now;
        } else if (now - *begin_ >= silence_max) {
            // No answer to this either is nothing new.
            const auto asked = jetstream_.step_down(stream_);
            static_cast<void>(asked);
            begin_ = now;
        }
    }

private:
    nats::JetStream& jetstream_;
    const std::string& stream_;
    std::optional<std::chrono::steady_clock::time_point> begin_;
};

bool may_pass(Errc code) { return code == Errc::unavailable || code == Errc::deadline_exceeded; }

class JetStreamLog final : public SharedLog {
public:
    JetStreamLog(std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config)
        : jetstream_(std::move(jetstream)),
          config_(std::move(config)),
          stream_{.name = config_.stream,
              .subject = config_.subject,
              .description = "A log of Baton; written by its daemons only",
              .replicas = config_.replicas,
              .max_bytes = config_.max_bytes} {}

    Result<Bounds> take_over() override {
        fenced_.reset();
        const Patience patience(config_.patience);
        BATON_TRY_VOID(insist(patience, [&] { return jetstream_->ensure_stream(stream_); }));
        const std::string id = "take-over-" + jetstream_->unique_name();
        while (true) {
            BATON_TRY(const auto state,
                insist(patience, [&] { return jetstream_->state(config_.stream); }));
            const auto taken = claim(state.last, id);
            if (taken) {
                bytes_ = state.bytes;
                first_ = std::max<std::uint64_t>(state.first, 1);
                last_ = epoch_ = taken->sequence;
                break;
            }
            const bool again = taken.error().code == Errc::conflict || may_pass(taken.error().code);
            if (!again || !patience.pause()) return fail(taken.error());
        }
        BATON_TRY_VOID(find_bounds());
        return bounds_;
    }

    Result<void> read(std::uint64_t from, const Visit& visit) override {
        if (bounds_.last == 0 || from > bounds_.last) return {};
        BATON_TRY(const auto begin, sequence_of(std::max(from, bounds_.first)));
        BATON_TRY(const auto reader, jetstream_->read(stream_, begin));
        std::uint64_t next = std::max(from, bounds_.first);
        jetstream::EntryReader entries;
        for (std::uint64_t sequence = begin; sequence <= last_; ++sequence) {
            BATON_TRY(const auto message, reader->next(config_.patience));
            BATON_TRY(const auto part, jetstream::part_of(*message));
            const auto entry = entries.add(part);
            if (!entry) continue;
            if (part.number != next) {
                return fail(Errc::storage_corrupt,
                    fmt::format("stream {}: message {} is of entry {}, where {} belongs",
                        config_.stream, sequence, part.number, next));
            }
            BATON_TRY_VOID(visit(next, *entry));
            ++next;
        }
        if (next == bounds_.last + 1) return {};
        return fail(Errc::storage_corrupt,
            fmt::format("stream {}: entry {} is missing", config_.stream, next));
    }

    std::uint64_t room() const override {
        if (config_.max_bytes < 0) return UINT64_MAX;
        const auto limit = static_cast<std::uint64_t>(config_.max_bytes);
        const auto taken = bytes_ + limit / reserve_part;
        return limit - std::min(limit, taken);
    }

    Result<void> append(std::uint64_t number, std::string_view entry) override {
        if (fenced_) return fail(*fenced_);
        const std::size_t part_size = part_size_max();
        const std::size_t parts =
            std::max<std::size_t>(1, (entry.size() + part_size - 1) / part_size);
        for (std::size_t i = 0; i < parts; ++i) {
            const StoredPart part{.epoch = epoch_,
                .number = number,
                .index = static_cast<std::uint32_t>(i),
                .count = static_cast<std::uint32_t>(parts),
                .data = entry.substr(i * part_size, part_size)};
            const auto added = add(part);
            if (added) continue;
            const bool is_known =
                added.error().code == Errc::storage_full || added.error().code == Errc::unavailable;
            if (!is_known) fenced_ = added.error();
            return fail(added.error());
        }
        if (bounds_.last == 0) bounds_.first = number;
        bounds_.last = number;
        return {};
    }

    Result<void> release_before(std::uint64_t number) override {
        if (bounds_.last == 0 || number <= bounds_.first) return {};
        BATON_TRY(const auto sequence, sequence_of(std::min(number, bounds_.last)));
        BATON_TRY_VOID(jetstream_->purge_before(config_.stream, sequence));
        first_ = sequence;
        if (const auto state = jetstream_->state(config_.stream)) bytes_ = state->bytes;
        bounds_.first = std::min(number, bounds_.last);
        return {};
    }

private:
    /// Asks again while nobody answers.
    template <class Call>
    auto insist(const Patience& patience, const Call& call) -> decltype(call()) {
        while (true) {
            auto result = call();
            if (result || !may_pass(result.error().code) || !patience.pause()) return result;
        }
    }

    [[nodiscard]] std::size_t part_size_max() const {
        const auto allowed = jetstream_->max_payload() - headers_size_max;
        return config_.message_size_max == 0 ? allowed
                                             : std::min(allowed, config_.message_size_max);
    }

    /// A message behind `last` that says who writes from here on.
    Result<nats::Published> claim(std::uint64_t last, const std::string& id) {
        const auto headers = jetstream::take_over_headers();
        return jetstream_->publish({.subject = config_.subject,
            .data = {},
            .id = id,
            .expected_last = last,
            .headers = headers,
            .timeout = config_.request_timeout});
    }

    /// Publishes one part until it is known to be stored, or not to be.
    Result<void> add(const StoredPart& part) {
        const auto id = jetstream::id_of(part, last_);
        const auto headers = jetstream::headers_of(part);
        const Patience patience(config_.patience);
        SilenceCure cure(*jetstream_, config_.stream);
        bool is_unknown = false;  // one try got no answer: it may have been stored
        while (true) {
            const auto published = jetstream_->publish({.subject = config_.subject,
                .data = part.data,
                .id = id,
                .expected_last = last_,
                .headers = headers,
                .timeout = config_.request_timeout});
            if (published && published->sequence == last_ + 1) {
                bytes_ += part.data.size() + headers_size_max;
                ++last_;
                return {};
            }
            if (published) return taken_over();
            const Error& error = published.error();
            if (error.code == Errc::conflict) return resolve(id);
            if (error.code == Errc::storage_full && !is_unknown) return fail(error);
            is_unknown |= error.code == Errc::deadline_exceeded;
            cure.see(error.code);
            if (may_pass(error.code) && patience.pause()) continue;
            if (error.code == Errc::unavailable && !is_unknown) return fail(error);
            return fail(Errc::storage_io,
                fmt::format(
                    "it is not known whether the log has the last entry: {}", error.detail));
        }
    }

    /// The stream has gone on: by our own message, whose answer was lost, or by another writer's.
    Result<void> resolve(const std::string& id) {
        const Patience patience(config_.patience);
        const auto message =
            insist(patience, [&] { return jetstream_->get(config_.stream, last_ + 1); });
        if (message && (*message)->header("Nats-Msg-Id") == id) {
            ++last_;
            return {};
        }
        if (!message && may_pass(message.error().code)) {
            return fail(Errc::storage_io, message.error().detail);
        }
        return taken_over();
    }

    [[nodiscard]] std::unexpected<Error> taken_over() const {
        return fail(
            Errc::storage_io, fmt::format("another daemon writes stream {} from message {} on",
                                  config_.stream, last_ + 1));
    }

    /// Which entries are there, by the first and the last whole one.
    Result<void> find_bounds() {
        bounds_ = {};
        for (std::uint64_t sequence = first_; sequence < last_; ++sequence) {
            BATON_TRY(const auto part, part_at(sequence));
            if (part.count == 0 || part.index != 0) continue;
            bounds_.first = part.number;
            break;
        }
        if (bounds_.first == 0) return {};
        for (std::uint64_t sequence = last_ - 1; sequence >= first_; --sequence) {
            BATON_TRY(const auto part, part_at(sequence));
            if (part.count == 0 || part.index + 1 != part.count) continue;
            bounds_.last = part.number;
            return {};
        }
        bounds_ = {};  // one entry, and it was never finished
        return {};
    }

    Result<StoredPart> part_at(std::uint64_t sequence) {
        const Patience patience(config_.patience);
        BATON_TRY(const auto message,
            insist(patience, [&] { return jetstream_->get(config_.stream, sequence); }));
        BATON_TRY(auto part, jetstream::part_of(*message));
        part.data = {};
        return part;
    }

    /// Where the first part of entry `number` stands, which is between the bounds. Numbers ascend
    /// along the stream, so halves are taken.
    Result<std::uint64_t> sequence_of(std::uint64_t number) {
        std::uint64_t low = first_;
        std::uint64_t high = last_;
        while (low < high) {
            const std::uint64_t middle = low + (high - low) / 2;
            // Those that take over have no number: the next entry behind them has.
            std::uint64_t at = middle;
            StoredPart part;
            while (at < high) {
                BATON_TRY(part, part_at(at));
                if (part.count != 0) break;
                ++at;
            }
            if (at == high || part.number >= number) {
                high = middle;
            } else {
                low = at + 1;
            }
        }
        return low;
    }

    std::unique_ptr<nats::JetStream> jetstream_;
    const JetStreamLogConfig config_;
    const nats::StreamConfig stream_;
    std::uint64_t epoch_ = 0;  ///< sequence of our taking over
    std::uint64_t first_ = 0;  ///< of the stream
    std::uint64_t last_ = 0;   ///< of the stream, if nobody else has written
    std::uint64_t bytes_ = 0;  ///< that the stream takes, or a few more
    Bounds bounds_;
    std::optional<Error> fenced_;  ///< nothing more may be appended
};

}  // namespace

std::unique_ptr<SharedLog> make_jetstream_log(
    std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config) {
    return std::make_unique<JetStreamLog>(std::move(jetstream), std::move(config));
}

}  // namespace baton::queue

#include "queue/store/jetstream/jetstream_log.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "queue/store/jetstream/reading_rule.h"
#include "queue/store/jetstream/stored_part.h"
#include "queue/store/jetstream/stream_link.h"
#include "queue/store/jetstream/stream_search.h"

namespace baton::queue {
namespace {

using jetstream::may_pass;
using jetstream::PartAt;
using jetstream::Patience;
using jetstream::ReadingRule;
using jetstream::StoredPart;

/// Of the stream's size this part is for what makes room: acks, and what compaction moves.
constexpr std::uint64_t reserve_part = 4;
/// What headers may take of a message.
constexpr std::size_t headers_size_max = 512;

/// Whether it says that nothing was stored.
bool is_refusal(Errc code) {
    return code == Errc::unavailable || code == Errc::storage_full ||
           code == Errc::message_too_large || code == Errc::permission_denied;
}

class JetStreamLog final : public SharedLog {
public:
    JetStreamLog(std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config)
        : jetstream_(std::move(jetstream)),
          config_(std::move(config)),
          link_(*jetstream_, config_) {}

    Result<Bounds> look() override {
        fenced_ = not_taken_over();
        const Patience patience(config_);
        BATON_TRY(const auto state, link_.look(patience));
        BATON_TRY_VOID(go_to_end(state, patience));
        BATON_TRY_VOID(find_bounds(patience));
        return bounds_;
    }

    Result<Bounds> take_over() override {
        fenced_ = not_taken_over();
        const Patience patience(config_);
        BATON_TRY_VOID(link_.make(patience));
        while (true) {
            const auto opened = try_to_open(patience);
            if (opened && *opened) break;
            const Error error = opened ? Error{.code = Errc::unavailable,
                                             .detail = "others take the log over at the same time"}
                                       : opened.error();
            // What was looked for may have been purged by who writes until now.
            const bool again = may_pass(error.code) || error.code == Errc::not_found;
            if (!again || !patience.pause()) return fail(error);
        }
        BATON_TRY_VOID(find_bounds(patience));
        epoch_ = rule_.epoch();
        fenced_.reset();
        return bounds_;
    }

    Result<void> read(std::uint64_t from, const Visit& visit) override {
        if (bounds_.last == 0 || from > bounds_.last) return {};
        std::uint64_t next = std::max(from, bounds_.first);
        const Patience patience(config_);
        BATON_TRY(const auto begin, place_of(at(patience), {first_, last_}, next));
        BATON_TRY(const auto reader, jetstream_->read(config_.stream, begin));
        ReadingRule rule;
        std::string joined;
        for (std::uint64_t sequence = begin; sequence <= last_; ++sequence) {
            BATON_TRY(const auto message, reader->next(config_.patience));
            BATON_TRY(const auto part, jetstream::part_of(*message));
            BATON_TRY(const bool counts, rule.add(part, sequence));
            if (!counts || part.opens_epoch() || part.number < next) continue;
            if (part.begins_entry()) joined.clear();
            if (part.count > 1) joined += part.data;
            if (!part.ends_entry()) continue;
            BATON_TRY_VOID(visit(next, part.count > 1 ? joined : part.data));
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
        if (rule_.whole() != 0 && number != rule_.whole() + 1) {
            return fail(Errc::storage_io,
                fmt::format("entry {} cannot follow entry {}", number, rule_.whole()));
        }
        const std::size_t part_size = part_size_max();
        const std::size_t parts =
            std::max<std::size_t>(1, (entry.size() + part_size - 1) / part_size);
        for (std::size_t i = 0; i < parts; ++i) {
            const auto added = add({.number = number,
                .index = static_cast<std::uint32_t>(i),
                .count = static_cast<std::uint32_t>(parts),
                .data = entry.substr(i * part_size, part_size)});
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
        const Patience patience(config_);
        BATON_TRY(const auto sequence,
            place_of(at(patience), {first_, last_}, std::min(number, bounds_.last)));
        BATON_TRY_VOID(jetstream_->purge_before(config_.stream, sequence));
        first_ = sequence;
        if (const auto state = jetstream_->state(config_.stream, config_.request_timeout)) {
            bytes_ = state->bytes;
        }
        BATON_TRY(bounds_.first, first_number(at(patience), {first_, last_}));
        return {};
    }

private:
    [[nodiscard]] std::size_t part_size_max() const {
        const auto allowed = jetstream_->max_payload() - headers_size_max;
        return config_.message_size_max == 0 ? allowed
                                             : std::min(allowed, config_.message_size_max);
    }

    /// Writes that a higher epoch begins. Whether it did, or another one came before.
    Result<bool> try_to_open(const Patience& patience) {
        // What was sent up to now, by whomever, goes to a subject that is not used any more.
        BATON_TRY_VOID(link_.leave_subject(patience));
        BATON_TRY(const auto state, link_.settle(patience));
        BATON_TRY_VOID(go_to_end(state, patience));
        const std::string name = jetstream_->unique_name();
        const StoredPart part{.epoch = rule_.epoch() + 1,
            .expected = last_ + 1,
            .number = rule_.whole(),
            .data = name};
        BATON_TRY(const auto sequence, link_.publish(part));
        BATON_TRY_VOID(go_to(sequence, part, patience));
        return rule_.epoch() == part.epoch && rule_.opener() == name;
    }

    Result<void> go_to_end(const nats::StreamState& state, const Patience& patience) {
        bytes_ = state.bytes;
        first_ = std::max<std::uint64_t>(state.first, 1);
        last_ = state.last;
        BATON_TRY(rule_, rule_at_end(at(patience), {first_, last_}));
        return {};
    }

    /// Publishes one part until it is known to count, or to be none.
    Result<void> add(StoredPart part) {
        part.epoch = epoch_;
        part.position = rule_.position() + 1;
        const Patience patience(config_);
        bool is_unknown = false;  // it may be stored, or be some time
        while (rule_.epoch() == epoch_) {
            part.expected = last_ + 1;
            const auto published = link_.publish(part);
            Result<void> done;
            if (published) {
                is_unknown = true;
                done = go_to(*published, part, patience);
            } else {
                const Error& error = published.error();
                is_unknown |= !is_refusal(error.code);
                if (!may_pass(error.code) && !is_unknown) return fail(error);
                done = may_pass(error.code) && patience.pause() ? catch_up(patience) : fail(error);
            }
            if (!done) {
                if (!is_unknown && may_pass(done.error().code))
                    return fail(Errc::unavailable, done.error().detail);
                return unknown(done.error().detail);
            }
            if (rule_.epoch() == epoch_ && rule_.position() == part.position) {
                bytes_ += part.data.size() + headers_size_max;
                return {};
            }
            if (published && rule_.epoch() == epoch_) {
                return unknown("the server says that it is stored, and it is not there");
            }
        }
        return fail(
            Errc::storage_io, fmt::format("another daemon writes stream {} from epoch {} on",
                                  config_.stream, rule_.epoch()));
    }

    [[nodiscard]] static Error not_taken_over() {
        return {.code = Errc::storage_io, .detail = "the log was not taken over"};
    }
    [[nodiscard]] static std::unexpected<Error> unknown(std::string_view why) {
        return fail(Errc::storage_io,
            fmt::format("it is not known whether the log has the last entry: {}", why));
    }

    /// Reads on up to `sequence`, at which `part` was stored. Mostly that is the next one.
    Result<void> go_to(std::uint64_t sequence, const StoredPart& part, const Patience& patience) {
        if (sequence != last_ + 1) return read_on(sequence, patience);
        BATON_TRY_VOID(rule_.add(part, sequence));
        last_ = sequence;
        return {};
    }

    /// Reads on to the end of the stream, as it is when somebody answers.
    Result<void> catch_up(const Patience& patience) {
        BATON_TRY(const auto state, link_.settle(patience));
        return read_on(state.last, patience);
    }

    Result<void> read_on(std::uint64_t sequence, const Patience& patience) {
        while (last_ < sequence) {
            BATON_TRY(const auto part, link_.part_at(last_ + 1, patience));
            BATON_TRY_VOID(rule_.add(part, last_ + 1));
            ++last_;
        }
        return {};
    }

    /// Which entries are there.
    Result<void> find_bounds(const Patience& patience) {
        bounds_ = {};
        BATON_TRY(const auto first, first_number(at(patience), {first_, last_}));
        if (first != 0 && first <= rule_.whole()) bounds_ = {first, rule_.whole()};
        return {};
    }

    [[nodiscard]] PartAt at(const Patience& patience) {
        return
            [this, &patience](std::uint64_t sequence) { return link_.part_at(sequence, patience); };
    }

    std::unique_ptr<nats::JetStream> jetstream_;
    const JetStreamLogConfig config_;
    jetstream::StreamLink link_;
    ReadingRule rule_;         ///< what it says behind `last_`
    std::uint64_t epoch_ = 0;  ///< that we opened
    std::uint64_t first_ = 0;  ///< of the stream
    std::uint64_t last_ = 0;   ///< of the stream, as far as it was read
    std::uint64_t bytes_ = 0;  ///< that the stream takes, or a few more
    Bounds bounds_;
    std::optional<Error> fenced_ = not_taken_over();  ///< why nothing may be appended
};

}  // namespace

std::unique_ptr<SharedLog> make_jetstream_log(
    std::unique_ptr<nats::JetStream> jetstream, JetStreamLogConfig config) {
    return std::make_unique<JetStreamLog>(std::move(jetstream), std::move(config));
}

}  // namespace baton::queue

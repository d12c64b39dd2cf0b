#include "queue/store/jetstream/stream_link.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace baton::queue::jetstream {
namespace {

/// Whether a leader is there is asked this often.
constexpr Duration look_timeout_max{250};
/// Whoever asks that has something better to do than to wait for the answer.
constexpr Duration glance_timeout_max{100};
/// Who takes a full log over must be able to say so.
constexpr std::int64_t beginnings_size = 1024 * 1024;

}  // namespace

StreamLink::StreamLink(nats::JetStream& jetstream, const JetStreamLogConfig& config)
    : jetstream_(jetstream),
      config_(config),
      look_timeout_(std::min(look_timeout_max, config.request_timeout)),
      deafness_max_(config.deafness_max) {}

Patience Patience::brief(const JetStreamLogConfig& config) {
    Patience patience(config);
    patience.end_ = std::chrono::steady_clock::now() +
                    std::min<Duration>(config.patience, config.request_timeout);
    patience.is_brief_ = true;
    return patience;
}

bool Patience::pause() const {
    if (std::chrono::steady_clock::now() + wait_ >= end_) return false;
    std::this_thread::sleep_for(wait_);
    return true;
}

Result<void> StreamLink::make(const Patience& patience) {
    const nats::StreamConfig stream{.name = config_.stream,
        .subject = subject(1),
        .description = "A log of Baton; written by its daemons only",
        .replicas = config_.replicas,
        .max_bytes = config_.max_bytes < 0 ? -1 : config_.max_bytes + beginnings_size};
    while (true) {
        auto made = jetstream_.ensure_stream(stream);
        if (made || !may_pass(made.error().code) || !patience.pause()) return made;
    }
}

Result<nats::StreamState> StreamLink::look(const Patience& patience) {
    while (true) {
        auto found = state();
        if (found || !may_pass(found.error().code) || !patience.pause()) return found;
    }
}

Result<void> StreamLink::leave_subject(const Patience& patience) {
    BATON_TRY(const auto found, look(patience));
    BATON_TRY(const auto generation, generation_of(found));
    spent_ = std::max(spent_, generation);
    return {};
}

Result<nats::StreamState> StreamLink::settle() {
    BATON_TRY(auto found, state());
    BATON_TRY(auto generation, generation_of(found));
    look_for_deafness();
    if (generation <= spent_) {
        // Somebody may have moved it back, who was slow: never to one that was used.
        BATON_TRY_VOID(jetstream_.move_stream(config_.stream, subject(spent_ + 1)));
        BATON_TRY(found, state());
        BATON_TRY(generation, generation_of(found));
        if (generation <= spent_) return fail(Errc::unavailable, "the subject has not moved yet");
    }
    generation_ = generation;
    return found;
}

Result<nats::StreamState> StreamLink::settle(const Patience& patience) {
    while (true) {
        auto found = settle();
        if (found || !may_pass(found.error().code) || !patience.pause()) return found;
    }
}

Result<std::uint64_t> StreamLink::publish(const StoredPart& part) {
    const auto headers = headers_of(part);
    auto published = jetstream_.publish({.subject = subject(generation_),
        .data = part.data,
        .headers = headers,
        .timeout = config_.request_timeout});
    if (published || !may_pass(published.error().code)) {
        deaf_since_.reset();
        deafness_max_ = config_.deafness_max;
        return published;
    }
    if (published.error().code == Errc::deadline_exceeded) spent_ = std::max(spent_, generation_);
    if (!deaf_since_) deaf_since_ = std::chrono::steady_clock::now();
    return published;
}

/// A nats-server 2.9 whose process was stopped for a while may lead a stream, say so when it is
/// asked, and store nothing: another leader cures it, on another subject. (One that says nothing at
/// all is sent nothing that changes anything: that would wait in it.)
void StreamLink::look_for_deafness() {
    const auto now = std::chrono::steady_clock::now();
    if (!deaf_since_ || now - *deaf_since_ < deafness_max_) return;
    spent_ = std::max(spent_, generation_);
    // Whether that could be sent shows by what follows.
    const auto asked = jetstream_.step_down(config_.stream);
    static_cast<void>(asked);
    deaf_since_ = now;
    deafness_max_ = std::min<Duration>(2 * deafness_max_, 8 * config_.deafness_max);
}

Result<StoredPart> StreamLink::part_at(std::uint64_t sequence, const Patience& patience) {
    while (true) {
        const auto message = jetstream_.get(config_.stream, sequence);
        if (message) {
            BATON_TRY(auto part, part_of(**message));
            name_ = part.opens_epoch() ? part.data : std::string_view();
            part.data = name_;
            return part;
        }
        const Error& error = message.error();
        if (error.code == Errc::not_found) {
            const auto found = state();
            if (found && found->first > sequence) return fail(error);
        } else if (!may_pass(error.code)) {
            return fail(error);
        }
        // A leader may be behind for a moment.
        if (patience.pause()) continue;
        if (error.code != Errc::not_found) return fail(error);
        return fail(patience.is_brief() ? Errc::unavailable : Errc::storage_corrupt, error.detail);
    }
}

std::string StreamLink::subject(std::uint64_t generation) const {
    return fmt::format("{}.{}", config_.subject, generation);
}

Result<std::uint64_t> StreamLink::generation_of(const nats::StreamState& state) const {
    std::uint64_t generation = 0;
    if (state.subjects.size() == 1) {
        std::string_view text = state.subjects.front();
        if (text.starts_with(config_.subject + ".")) {
            text.remove_prefix(config_.subject.size() + 1);
            const auto end = text.data() + text.size();
            const auto parsed = std::from_chars(text.data(), end, generation);
            if (parsed.ec != std::errc() || parsed.ptr != end) generation = 0;
        }
    }
    if (generation > 0) return generation;
    return fail(Errc::storage_corrupt,
        fmt::format("stream {} has the subject {}, where {}.<generation> belongs: it is not a log "
                    "of this version",
            config_.stream, fmt::join(state.subjects, ", "), config_.subject));
}

bool StreamLink::is_led() {
    const auto timeout = std::min(glance_timeout_max, config_.request_timeout);
    return jetstream_.state(config_.stream, timeout).has_value();
}

Result<nats::StreamState> StreamLink::state() {
    auto found = jetstream_.state(config_.stream, look_timeout_);
    if (!found) deaf_since_.reset();
    return found;
}

}  // namespace baton::queue::jetstream

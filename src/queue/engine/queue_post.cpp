// QueueState: how messages come in.
#include <algorithm>
#include <unordered_map>

#include <fmt/core.h>

#include "queue/engine/growth.h"
#include "queue/engine/queue_log.h"
#include "queue/engine/queue_outputs.h"
#include "queue/engine/queue_state.h"

namespace baton::queue {
namespace {

constexpr Duration full_retry_after{1'000};

std::unexpected<Error> full(std::string detail) {
    return fail(Error{
        .code = Errc::queue_full, .detail = std::move(detail), .retry_after = full_retry_after});
}

/// In bytes. What does not fit into an empty queue never will: no caller should wait for room.
std::uint64_t largest_content(const QueueConfig& config) {
    if (config.max_bytes == 0) return config.max_message_size;
    return std::min(config.max_message_size, config.max_bytes);
}

std::unexpected<Error> too_large(
    const MessageData& data, const QueueConfig& config, std::string field) {
    return fail_field(Errc::message_too_large, std::move(field),
        fmt::format("{} bytes of content, the queue takes {}", data.content.size(),
            largest_content(config)));
}

/// Of those that repeat none: their `first` is 0.
std::uint64_t growth_of_new(
    std::span<const NewMessage> messages, std::span<const std::uint64_t> first) {
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (first[i] == 0) bytes += growth_of(messages[i].data);
    }
    return bytes;
}

/// When the message is ready, given that it came at `now`.
TimePoint due_time(const NewMessage& message, TimePoint now) {
    if (message.deliver_at) return std::max(*message.deliver_at, now);
    return now + message.delay;
}

TimePoint expiry_time(const NewMessage& message, const QueueConfig& config, TimePoint now) {
    TimePoint expires = TimePoint::max();
    if (message.ttl > Duration(0)) expires = now + message.ttl;
    if (config.retention_period.count() > 0 && config.mode == QueueMode::queue) {
        expires = std::min(expires, now + Duration(config.retention_period));
    }
    return expires;
}

/// The numbers of the new messages' fairness keys, with a use more; empty when no message has one.
/// With many keys each lies far away: all are looked up before the first is used, so that the waits
/// for memory overlap.
std::vector<std::uint32_t> acquire_keys(std::span<const NewMessage> messages,
    std::span<const std::uint64_t> first, KeyTable<std::uint32_t>& keys,
    const ReadyMessages& ready) {
    std::vector<std::uint32_t> numbers(messages.size());
    const auto has_key = [](const NewMessage& message) {
        return !message.data.fairness_key.empty();
    };
    if (std::ranges::none_of(messages, has_key)) return numbers;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        numbers[i] = keys.hash_of(messages[i].data.fairness_key);
        keys.prefetch(numbers[i]);
    }
    for (const std::uint32_t hash : numbers) keys.prefetch_row(hash);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const bool is_new = first[i] == 0;
        numbers[i] = is_new ? keys.acquire(messages[i].data.fairness_key, numbers[i]) : 0;
        ready.prefetch(numbers[i], messages[i].data.priority);
    }
    for (std::size_t i = 0; i < messages.size(); ++i) {
        ready.prefetch_end(numbers[i], messages[i].data.priority);
    }
    return numbers;
}

std::shared_ptr<const MessageData> alone(MessageData data) {
    data.content = data.content.alone();
    return std::make_shared<const MessageData>(std::move(data));
}

}  // namespace

/// What a post promises. Fails: unsupported.
Result<Durability> QueueState::promise(PostOptions options) const {
    const Durability asked = options.durability.value_or(info_.config.durability);
    if ((asked == Durability::memory) == is_stored()) {
        return fail_field(Errc::unsupported, "durability",
            fmt::format("queue `{}` keeps its messages {}, so it can't promise `{}`",
                info_.name.text, is_stored() ? "in a store" : "in memory", to_string(asked)));
    }
    return asked;
}

Result<Posted> QueueState::post(
    std::vector<NewMessage>&& messages, PostOptions options, TimePoint now) {
    BATON_TRY(const Durability durability, promise(options));
    BATON_TRY_VOID(check_rate(messages.size(), now));
    const std::uint64_t largest = largest_content(info_.config);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (messages[i].data.content.size() <= largest) continue;
        return too_large(messages[i].data, info_.config, fmt::format("messages[{}].content", i));
    }
    if (is_log()) {
        BATON_TRY_VOID(QueueLog(*this).check_post(messages));
    }
    BATON_TRY(const auto first, find_duplicates(messages, now));
    BATON_TRY_VOID(take_room(growth_of_new(messages, first)));
    BATON_TRY_VOID(make_room(messages, first, durability, now));
    touch(now);
    post_rate_.take(messages.size(), now);
    Posted posted{.messages = {}, .durability = durability};
    posted.messages.reserve(messages.size());
    bool has_duplicates = false;
    const auto keys = is_log() ? std::vector<std::uint32_t>(messages.size())
                               : acquire_keys(messages, first, fairness_, ready_);
    const auto batch = std::make_shared<std::vector<NewMessage>>(std::move(messages));
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (first[i] != 0) {
            posted.messages.push_back({.id = {uid_, first[i]}, .duplicate = true});
            has_duplicates = true;
            continue;
        }
        posted.messages.push_back({.id = {uid_, next_seq_}});
        post_one({batch, &(*batch)[i]}, keys[i], durability, now);
    }
    if (has_duplicates && durability == Durability::fsync) force_earlier();
    arm_retention();
    return posted;
}

Result<void> QueueState::take_room(std::uint64_t growth) {
    return is_stored() ? effects_.room.take(growth) : Result<void>();
}

Result<void> QueueState::check_rate(std::size_t count, TimePoint now) {
    if (!post_rate_.is_limited()) return {};
    const Duration wait = post_rate_.wait_for(count, now);
    if (wait == Duration(0)) return {};
    return fail(Error{.code = Errc::rate_limited,
        .detail = fmt::format("queue `{}` takes {} messages a second", info_.name.text,
            info_.config.rates.post_per_second),
        .retry_after = wait});
}

/// Whether the tenant's quota lets so much in. Fails: quota_exceeded.
Result<void> QueueState::check_quota(std::uint64_t bytes, std::uint64_t gone_bytes) const {
    if (!is_stored() || tenant_->limit == 0) return {};
    const std::uint64_t used = tenant_->used + tenant_->elsewhere;
    if (used - gone_bytes + bytes <= tenant_->limit) return {};
    return fail(Error{.code = Errc::quota_exceeded,
        .detail =
            fmt::format("tenant `{}` keeps {} of {} bytes", info_.owner.text, used, tenant_->limit),
        .retry_after = full_retry_after});
}

/// The first message of a dedup key may have come relaxed: sees to it that it is on disk with this
/// batch.
void QueueState::force_earlier() {
    effects_.needs_fsync = true;
    if (effects_.has_unforced) effects_.records.emplace_back(QueuePut{number_, uid_, info_});
}

/// For each message the seq of the message it repeats, which may stand before it in the same batch;
/// 0: new.
Result<std::vector<std::uint64_t>> QueueState::find_duplicates(
    std::span<const NewMessage> messages, TimePoint now) {
    std::vector<std::uint64_t> first(messages.size(), 0);
    std::unordered_map<std::string_view, std::uint64_t> batch;
    std::uint64_t next = next_seq_;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        const std::string& key = messages[i].data.dedup_key;
        if (!key.empty() && info_.config.dedup_window.count() > 0) {
            if (const auto* known = recall_.dedup.find(key, now)) {
                first[i] = *known;
            } else if (messages.size() > 1) {
                const auto [entry, is_new] = batch.try_emplace(key, next);
                if (!is_new) first[i] = entry->second;
            }
        }
        if (first[i] == 0) ++next;
    }
    if (next - 1 > seq_max) return fail(Errc::unsupported, "the queue has given out all its seqs");
    return first;
}

Result<void> QueueState::make_room(std::span<const NewMessage> messages,
    std::span<const std::uint64_t> first, Durability durability, TimePoint now) {
    const QueueConfig& config = info_.config;
    if (config.max_size == 0 && config.max_bytes == 0 && tenant_->limit == 0) return {};
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        if (first[i] != 0) continue;
        ++count;
        bytes += messages[i].data.content.size();
    }
    if (count == 0) return {};
    const auto fits = [&](std::uint64_t gone_count, std::uint64_t gone_bytes) {
        return (config.max_size == 0 || unfinished() - gone_count + count <= config.max_size) &&
               (config.max_bytes == 0 ||
                   unfinished_bytes() - gone_bytes + bytes <= config.max_bytes);
    };
    if (fits(0, 0)) return check_quota(bytes, 0);
    std::vector<std::uint64_t> victims;
    std::uint64_t victim_bytes = 0;
    if (config.overflow == Overflow::drop_oldest) {
        table_.for_each_after(0, [&](std::uint64_t seq, const Slot& slot) {
            if (slot.state == MessageState::ready) {
                victims.push_back(seq);
                victim_bytes += slot.size_bytes;
            }
            return !fits(victims.size(), victim_bytes);
        });
        if (!fits(victims.size(), victim_bytes)) victims.clear();
    }
    if (victims.empty()) {
        return full(fmt::format("queue `{}` holds {} messages, {} bytes; its limits are {} and {}",
            info_.name.text, unfinished(), unfinished_bytes(), config.max_size, config.max_bytes));
    }
    BATON_TRY_VOID(check_quota(bytes, victim_bytes));
    if (is_log()) {
        QueueLog(*this).truncate(victims.back(), now);
        return {};
    }
    for (const auto seq : victims) {
        emit(MessageGone{locator(seq)}, durability);
        remove(seq, *table_.find(seq), now);
    }
    return {};
}

/// A slot for the next seq, counted as scheduled.
Slot& QueueState::add_slot(
    const MessageData& data, TimePoint due, TimePoint expires, TimePoint now) {
    const std::uint64_t seq = next_seq_++;
    Slot& slot = table_.insert(seq);
    slot.posted_at = now;
    slot.entered_at = due;
    slot.due_at = due;
    slot.expires_at = expires;
    slot.size_bytes = static_cast<std::uint32_t>(data.content.size());
    slot.set_extra(extra_bytes_of(data.metadata, data.headers));
    slot.priority = slot.level = data.priority;
    if (is_log()) {
        slot.state = MessageState::ready;
    } else {
        slot.ordering_key = ordering_.acquire(data.ordering_key);
        ready_.set_cost(seq, cost_of(data.headers));
        slot.state = MessageState::scheduled;
    }
    add_bytes(slot.size_bytes);
    count(slot, 1);
    if (expires != TimePoint::max()) {
        effects_.timers.add({expires, locator(seq), Timer::Kind::expiry});
    }
    return slot;
}

/// What is to stay in memory stands alone from here on. The rest goes with the memory of the whole
/// post, once that is committed.
void QueueState::post_one(const std::shared_ptr<NewMessage>& message, std::uint32_t fairness_key,
    Durability durability, TimePoint now) {
    const std::uint64_t seq = next_seq_;
    const TimePoint due = due_time(*message, now);
    const TimePoint expires = expiry_time(*message, info_.config, now);
    Slot& slot = add_slot(message->data, due, expires, now);
    slot.fairness_key = fairness_key;
    ++totals().posted;
    std::shared_ptr<const MessageData> data(message, &message->data);
    const bool may_stay = is_log() || !is_stored() || effects_.has_room(body_footprint(slot));
    if (may_stay) data = alone(std::move(message->data));
    if (is_log()) {
        QueueLog(*this).keep_body(seq, slot, data);
    } else {
        keep_body(slot, data);
    }

    MessagePosted record{.at = locator(seq), .posted_at = now, .due_at = due, .data = data};
    if (expires != TimePoint::max()) record.expires_at = expires;
    if (!data->dedup_key.empty() && info_.config.dedup_window.count() > 0) {
        record.dedup_until = now + Duration(info_.config.dedup_window);
        recall_.dedup.put(data->dedup_key, seq, record.dedup_until);
    }
    effects_.record_bytes += is_stored() ? slot.size_bytes : 0;
    emit(std::move(record), durability);
    if (is_log()) {
        QueueLog(*this).posted();
    } else if (due > now) {
        effects_.timers.add({due, locator(seq), Timer::Kind::due});
    } else {
        enter(seq, slot, now);
    }
}

Result<void> QueueState::check_room(
    std::span<const MessageData* const> letters, std::uint64_t quota_bytes_gone) {
    std::uint64_t bytes = 0;
    std::uint64_t growth = 0;
    for (const auto* letter : letters) {
        bytes += letter->content.size();
        growth += growth_of(*letter);
        if (letter->content.size() > largest_content(info_.config)) {
            return too_large(*letter, info_.config, "content");
        }
    }
    const QueueConfig& config = info_.config;
    if ((config.max_size != 0 && unfinished() + letters.size() > config.max_size) ||
        (config.max_bytes != 0 && unfinished_bytes() + bytes > config.max_bytes)) {
        return full(
            fmt::format("queue `{}` has no room for {} more", info_.name.text, letters.size()));
    }
    BATON_TRY_VOID(check_quota(bytes, quota_bytes_gone));
    return take_room(growth);
}

void QueueState::take_in(MovedLetter letter, TimePoint due, TimePoint now) {
    const std::uint64_t seq = next_seq_;
    const TimePoint expires = expiry_time({}, info_.config, now);
    Slot& slot = add_slot(*letter.data, due, expires, now);
    slot.fairness_key = fairness_.acquire(letter.data->fairness_key);
    ++totals().posted;
    keep_body(slot, letter.data);
    MessagePosted record{
        .at = locator(seq), .posted_at = now, .due_at = due, .data = std::move(letter.data)};
    if (expires != TimePoint::max()) record.expires_at = expires;
    effects_.record_bytes += is_stored() ? slot.size_bytes : 0;
    emit(std::move(record));
    slot.attempts = letter.attempts;
    slot.anew = true;
    if (!letter.history.empty()) trouble_[seq].history = std::move(letter.history);
    enter_when(seq, slot, due, now);
}

/// Keeps the content in memory: always when no store has it, else while there is room.
void QueueState::keep_body(Slot& slot, std::shared_ptr<const MessageData> data) {
    if (is_stored()) {
        if (!effects_.has_room(body_footprint(slot))) return;
        effects_.body_bytes += body_footprint(slot);
    }
    slot.data = std::move(data);
}

void QueueState::drop_body(Slot& slot) {
    if (is_log()) return QueueLog(*this).drop_body(slot);
    if (!slot.data) return;
    if (is_stored()) effects_.body_bytes -= body_footprint(slot);
    slot.data.reset();
}

void QueueState::forget_bodies() {
    effects_.gone += table_.size();
    add_bytes(-static_cast<std::int64_t>(counts_.bytes));
    table_.for_each_after(0, [&](std::uint64_t, Slot& slot) {
        drop_body(slot);
        return true;
    });
    QueueOutputs(*this).forget();
    drop_ended(TimePoint::max());
}

}  // namespace baton::queue

#include "support/queue_model.h"

namespace baton::test {

void QueueModel::advance(TimePoint now) {
    for (auto at = messages.begin(); at != messages.end();) {
        const auto seq = at->first;
        Message& message = at->second;
        ++at;
        if (message.state == MessageState::leased && message.due <= now) {
            fail_delivery(seq, queue::Blame::failure, now, now);
        } else if (waits(message) && message.expires <= now) {
            ++expired_total;
            messages.erase(seq);
        } else if (message.state == MessageState::scheduled && message.due <= now) {
            message.state = MessageState::ready;
        }
    }
}

std::optional<std::vector<QueueModel::Posted>> QueueModel::post(
    const std::vector<Letter>& letters, std::uint64_t bytes_max, TimePoint now) {
    if (post_rate.is_limited() && post_rate.wait_for(letters.size(), now) > Duration(0)) {
        return std::nullopt;
    }
    std::vector<Posted> posted;
    std::map<std::string, std::uint64_t> batch;
    std::uint64_t next = next_seq;
    std::uint64_t bytes = 0;
    for (const auto& letter : letters) {
        if (letter.text.size() > config.max_message_size) return std::nullopt;
        if (config.max_bytes != 0 && letter.text.size() > config.max_bytes) return std::nullopt;
        const bool has_key = !letter.dedup.empty() && config.dedup_window.count() > 0;
        const auto known = dedup.find(letter.dedup);
        if (has_key && known != dedup.end() && known->second.second > now) {
            posted.push_back({known->second.first, true});
        } else if (has_key && batch.contains(letter.dedup)) {
            posted.push_back({batch[letter.dedup], true});
        } else {
            if (has_key) batch[letter.dedup] = next;
            bytes += letter.text.size();
            posted.push_back({next++, false});
        }
    }
    if (!make_room(next - next_seq, bytes, bytes_max)) return std::nullopt;
    post_rate.take(letters.size(), now);
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (!posted[i].duplicate) add(posted[i].seq, letters[i], now);
    }
    next_seq = next;
    return posted;
}

queue::NackOutcome QueueModel::fail_delivery(
    std::uint64_t seq, queue::Blame blame, TimePoint due, TimePoint now) {
    Message& message = messages.at(seq);
    if (blame != queue::Blame::none) ++message.failures;
    const bool exhausted = blame == queue::Blame::failure && config.max_failures != 0 &&
                           message.failures >= config.max_failures;
    if (exhausted || blame == queue::Blame::fatal) {
        message.state = MessageState::dead;
        return queue::NackOutcome::dead;
    }
    if (message.expires <= now) {
        ++expired_total;
        messages.erase(seq);
    } else {
        message.state = due > now ? MessageState::scheduled : MessageState::ready;
        message.due = due;
    }
    return queue::NackOutcome::returned;
}

bool QueueModel::reschedule(std::uint64_t seq, TimePoint due, TimePoint now) {
    const auto found = messages.find(seq);
    if (found == messages.end() || !waits(found->second)) return false;
    Message& message = found->second;
    message.due = std::max(due, now);
    if (!message.holds_key()) message.entered = message.due;
    message.state = due > now ? MessageState::scheduled : MessageState::ready;
    return true;
}

std::optional<std::uint64_t> QueueModel::redrive(
    std::uint64_t limit, const queue::RedriveSchedule& schedule, TimePoint now) {
    auto changed = messages;
    std::uint64_t count = 0;
    for (auto& [seq, message] : changed) {
        if (message.state != MessageState::dead || count == limit) continue;
        message.due = message.entered = std::max(schedule.due(count++), now);
        message.state = message.due > now ? MessageState::scheduled : MessageState::ready;
        message.failures = 0;
        message.anew = true;
        message.expires = TimePoint::max();
    }
    if (count > 0 && !fits(changed, 0, 0)) return std::nullopt;
    messages = std::move(changed);
    return count;
}

bool QueueModel::make_room(std::uint64_t count, std::uint64_t bytes, std::uint64_t bytes_max) {
    if (count == 0) return true;
    auto left = messages;
    while (!fits(left, count, bytes)) {
        const auto oldest = std::ranges::find_if(
            left, [](const auto& entry) { return entry.second.state == MessageState::ready; });
        if (config.overflow == Overflow::reject || oldest == left.end()) return false;
        left.erase(oldest);
    }
    std::uint64_t total = bytes;
    for (const auto& [seq, message] : left) total += message.letter.text.size();
    if (total > bytes_max) return false;
    messages = std::move(left);
    return true;
}

void QueueModel::add(std::uint64_t seq, const Letter& letter, TimePoint now) {
    Message message{.letter = letter, .posted = now, .entered = now + letter.delay};
    message.due = message.entered;
    if (letter.ttl > Duration(0)) message.expires = now + letter.ttl;
    if (config.retention_period.count() > 0) {
        message.expires = std::min(message.expires, now + Duration(config.retention_period));
    }
    message.state = message.due > now ? MessageState::scheduled : MessageState::ready;
    messages.emplace(seq, std::move(message));
    ++posted_total;
    if (letter.dedup.empty() || config.dedup_window.count() == 0) return;
    dedup[letter.dedup] = {seq, now + Duration(config.dedup_window)};
}

bool QueueModel::fits(
    const std::map<std::uint64_t, Message>& all, std::uint64_t count, std::uint64_t bytes) const {
    for (const auto& [seq, message] : all) {
        if (message.state == MessageState::dead) continue;
        ++count;
        bytes += message.letter.text.size();
    }
    return (config.max_size == 0 || count <= config.max_size) &&
           (config.max_bytes == 0 || bytes <= config.max_bytes);
}

}  // namespace baton::test

#include "nats/bucket_rule.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include <fmt/core.h>

namespace baton::nats {
namespace {

constexpr const char* write_header = "Baton-Write";
/// What stands for "whatever it is".
constexpr std::string_view any_revision = "-";
/// Of one key: more writes than any daemon makes while messages stay in the stream.
constexpr std::size_t past_max = 64;
/// Of further ones nothing is known.
constexpr std::size_t keys_max = 10'000;
/// A key is forgotten when its last write is so many times `ttl` old.
constexpr std::int64_t past_ttls = 8;

std::string_view take_word(std::string_view& text) {
    const auto end = std::min(text.find(' '), text.size());
    const auto word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return word;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t number = 0;
    const auto end = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), end, number);
    if (parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
    return number;
}

}  // namespace

Headers headers_of(const BucketWrite& write) {
    const auto expected =
        write.expected ? fmt::format("{}", *write.expected) : std::string(any_revision);
    return {{write_header, fmt::format("{} {} {}", write.revision, expected, write.key)}};
}

Result<BucketWrite> bucket_write_of(const Message& message) {
    auto text = message.header(write_header);
    const auto revision = number_of(take_word(text));
    const auto expected = take_word(text);
    const auto expected_revision = number_of(expected);
    const bool is_good =
        revision && (expected_revision || expected == any_revision) && !text.empty();
    if (!is_good) {
        return fail(Errc::protocol_error,
            fmt::format("message {} is no write of a bucket", message.sequence()));
    }
    return BucketWrite{.key = std::string(text),
        .value = std::string(message.data()),
        .revision = *revision,
        .expected = expected_revision,
        .stored_ms = message.stored_ms()};
}

bool BucketRule::add(const BucketWrite& write) {
    last_revision_ = std::max(last_revision_, write.revision);
    now_ms_ = std::max(now_ms_, write.stored_ms);
    forget_old();
    if (keys_.size() >= keys_max && !keys_.contains(write.key)) return false;
    Key& key = keys_[write.key];
    if (!counts(key, write)) return false;
    if (key.last.revision != 0) key.past.push_back(key.last.revision);
    if (key.past.size() > past_max) key.past.pop_front();
    key.last = write;
    return true;
}

bool BucketRule::counts(const Key& key, const BucketWrite& write) const {
    if (write.revision <= key.last.revision) return false;
    if (!write.expected) return true;
    const auto expected = *write.expected;
    const bool live = is_live(key, write.stored_ms);
    if (expected == 0) return !live;
    if (expected == key.last.revision) return live;
    const bool is_old = !key.past.empty() && expected < key.past.front();
    return !is_old && !std::ranges::binary_search(key.past, expected);
}

bool BucketRule::is_live(const Key& key, std::int64_t now_ms) const {
    return key.last.revision != 0 && now_ms < key.last.stored_ms + ttl_.count();
}

/// Keys of daemons that have gone.
void BucketRule::forget_old() {
    if (now_ms_ - tidied_ms_ < ttl_.count()) return;
    tidied_ms_ = now_ms_;
    std::erase_if(keys_, [this](const auto& each) {
        return now_ms_ - each.second.last.stored_ms >= past_ttls * ttl_.count();
    });
}

std::vector<BucketWrite> BucketRule::entries() const {
    std::vector<BucketWrite> entries;
    for (const auto& [name, key] : keys_) {
        if (is_live(key, now_ms_)) entries.push_back(key.last);
    }
    std::ranges::sort(entries, {}, &BucketWrite::revision);
    return entries;
}

}  // namespace baton::nats

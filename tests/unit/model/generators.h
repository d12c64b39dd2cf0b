// Arbitrary model values for property tests.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <rapidcheck.h>

#include "model/message.h"
#include "model/queue_config.h"

namespace baton::test {

/// UTF-8 with characters of every length, quotes, backslashes and control characters.
inline rc::Gen<std::string> utf8_text() {
    const auto piece = rc::gen::elementOf(std::vector<std::string>{"a", "Z", "0", " ", "\"", "\\",
        "/", "\n", "\r", "\t", "\b", "\f", std::string(1, '\0'), "\x1f", "\x7f", "é", "€", "😀"});
    return rc::gen::map(
        rc::gen::container<std::vector<std::string>>(piece), [](const auto& pieces) {
            std::string text;
            for (const auto& each : pieces) text += each;
            return text;
        });
}

/// Times from 1970 to 9999.
inline rc::Gen<TimePoint> time_point() {
    return rc::gen::map(rc::gen::inRange<std::int64_t>(0, 253'402'300'800'000), from_unix_ms);
}

/// Whole numbers that JSON keeps.
inline rc::Gen<std::uint64_t> count() { return rc::gen::inRange<std::uint64_t>(0, 1ULL << 53); }

template <class Enum>
rc::Gen<Enum> one_of(int size) {
    return rc::gen::map(rc::gen::inRange(0, size), [](int i) { return static_cast<Enum>(i); });
}

inline rc::Gen<QueueName> queue_name() {
    const auto letter = rc::gen::elementOf(std::string("abcXYZ019_-"));
    return rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::string>(letter)),
        [](std::string text) { return QueueName(text.substr(0, 128)); });
}

inline rc::Gen<MessageId> message_id() {
    return rc::gen::build<MessageId>(
        rc::gen::set(&MessageId::queue_uid), rc::gen::set(&MessageId::seq, count()));
}

inline MessageData message_data() {
    MessageData data;
    data.content = Bytes(*rc::gen::oneOf(
        rc::gen::nonEmpty(utf8_text()), rc::gen::nonEmpty(rc::gen::arbitrary<std::string>())));
    data.priority = *one_of<Level>(4);
    data.ordering_key = *utf8_text();
    data.fairness_key = *utf8_text();
    data.dedup_key = *utf8_text();
    const auto names = *rc::gen::container<std::set<std::string>>(
        rc::gen::elementOf(std::vector<std::string>{"a", "b", "c", "reply-to", "é"}));
    for (const auto& name : names) data.headers.push_back({name, *utf8_text()});
    if (*rc::gen::arbitrary<bool>()) data.metadata = R"({"k":[1,"two",{"é":null}]})";
    return data;
}

inline MessageView message_view() {
    MessageView view;
    view.id = *message_id();
    view.queue = *queue_name();
    view.state = *one_of<MessageState>(7);
    if (*rc::gen::arbitrary<bool>())
        view.data = std::make_shared<const MessageData>(message_data());
    view.level = *one_of<Level>(4);
    view.posted_at = *time_point();
    view.due_at = *time_point();
    if (*rc::gen::arbitrary<bool>()) view.expires_at = *time_point();
    if (*rc::gen::arbitrary<bool>()) view.lease_expires_at = *time_point();
    view.attempts = *rc::gen::arbitrary<std::uint32_t>();
    view.failures = *rc::gen::arbitrary<std::uint32_t>();
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
        view.history.push_back({*time_point(), *rc::gen::arbitrary<std::uint32_t>(), *utf8_text()});
    }
    view.dead_reason = *utf8_text();
    return view;
}

inline QueueConfig queue_config() {
    const auto seconds = rc::gen::map(rc::gen::inRange<std::int64_t>(0, 300'000'000),
        [](auto s) { return std::chrono::seconds(s); });
    QueueConfig config;
    config.max_size = *count();
    config.max_bytes = *count();
    config.max_message_size = *rc::gen::inRange<std::uint64_t>(1, 1 << 30);
    config.durability = *one_of<Durability>(3);
    config.retention_period = *seconds;
    config.dedup_window = *seconds;
    config.max_failures = *rc::gen::inRange(0U, 1'000'001U);
    config.reply_ttl = *seconds;
    config.mode = *one_of<QueueMode>(2);
    config.overflow = *one_of<Overflow>(2);
    config.rates.post_per_second = *rc::gen::inRange(0U, RateConfig::rate_max + 1);
    config.rates.pop_per_second = *rc::gen::inRange(0U, RateConfig::rate_max + 1);
    for (auto& level : config.levels) {
        level.max_wait_time = Duration(*rc::gen::inRange<std::int64_t>(0, 300'000'000'000));
        level.max_concurrent = *rc::gen::inRange(0U, 1'000'001U);
    }
    config.scheduling.strategy = static_cast<Strategy>(*rc::gen::inRange(0, 4));
    for (auto& weight : config.scheduling.level_weights) weight = *rc::gen::inRange(1U, 1'001U);
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        config.fairness_weights.emplace(
            *rc::gen::nonEmpty(utf8_text()), *rc::gen::inRange(1U, 1'001U));
    }
    return config;
}

}  // namespace baton::test

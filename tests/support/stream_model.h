// A log and the outputs of a queue as simple as they can be told: what the engine is held against.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/message.h"
#include "model/queue_config.h"

namespace baton::test {

/// A value: a copy is a snapshot.
struct LogModel {
    struct Message {
        std::string text;
        TimePoint posted{};
    };

    QueueConfig config{.mode = QueueMode::log};
    std::uint64_t next_seq = 1;
    std::map<std::uint64_t, Message> messages;
    std::map<std::string, std::uint64_t> cursors;

    [[nodiscard]] std::uint64_t head() const {
        return messages.empty() ? next_seq : messages.begin()->first;
    }
    bool post(const std::vector<std::string>& texts, TimePoint now) {
        const bool fits = config.max_size == 0 || texts.size() <= config.max_size;
        const std::size_t after = messages.size() + texts.size();
        if (config.max_size != 0 && after > config.max_size) {
            if (config.overflow == Overflow::reject || !fits) return false;
            truncate_before(head() + after - config.max_size);
        }
        for (const auto& text : texts) messages[next_seq++] = {text, now};
        return true;
    }
    std::uint64_t truncate_before(std::uint64_t seq) {
        return std::erase_if(messages, [&](const auto& entry) { return entry.first < seq; });
    }
    /// Messages that end together go together, a second or a tenth of the period late.
    void advance(TimePoint now) {
        const Duration retention(config.retention_period);
        if (retention == Duration(0) || messages.empty()) return;
        const auto slack = std::min(Duration(1'000), retention / 10);
        if (messages.begin()->second.posted + retention + slack > now) return;
        while (!messages.empty() && messages.begin()->second.posted + retention <= now) {
            messages.erase(messages.begin());
        }
    }
    [[nodiscard]] std::vector<std::pair<std::uint64_t, std::string>> after(
        std::uint64_t seq, std::size_t max) const {
        std::vector<std::pair<std::uint64_t, std::string>> found;
        for (auto at = messages.upper_bound(seq); at != messages.end() && found.size() < max; ++at)
            found.emplace_back(at->first, at->second.text);
        return found;
    }
    [[nodiscard]] std::uint64_t lag(std::uint64_t committed) const {
        return static_cast<std::uint64_t>(
            std::distance(messages.upper_bound(committed), messages.end()));
    }
};

/// The messages of a queue that were popped, and what was said about them.
struct OutputModel {
    enum class State : std::uint8_t { leased, dead, gone };
    struct Message {
        State state = State::leased;
        std::vector<std::string> events;
        TimePoint until{};
    };

    std::map<std::uint64_t, Message> messages;

    /// What a reader finds from an offset on; nothing is left of an ended output.
    [[nodiscard]] std::vector<std::string> read(
        std::uint64_t seq, std::uint64_t from, std::size_t max, TimePoint now) const {
        std::vector<std::string> found;
        for (std::uint64_t i = from; i < size(seq, now) && found.size() < max; ++i)
            found.push_back(messages.at(seq).events[i]);
        return found;
    }
    [[nodiscard]] std::uint64_t size(std::uint64_t seq, TimePoint now) const {
        const Message& message = messages.at(seq);
        return message.state == State::gone && message.until <= now ? 0 : message.events.size();
    }
};

}  // namespace baton::test

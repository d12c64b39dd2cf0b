// A key-value bucket of JetStream in memory: revisions, compare-and-set, entries that expire and
// are watched. The time is the server's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "queue/cluster/cluster_events.h"

namespace baton::test {

class SimBucket {
public:
    using Time = queue::cluster::SteadyTime;
    struct Entry {
        std::string value;
        std::uint64_t revision = 0;
        Time written_at{};
    };
    struct Stored {
        queue::cluster::WriteOutcome outcome = queue::cluster::WriteOutcome::refused;
        std::uint64_t revision = 0;
    };

    explicit SimBucket(Duration ttl) : ttl_(ttl) {}

    Stored write(const std::string& key, std::string value, std::optional<std::uint64_t> expected,
        Time now) {
        expire(now);
        const auto found = entries_.find(key);
        const std::uint64_t revision = found == entries_.end() ? 0 : found->second.revision;
        if (expected && *expected != revision) return {};
        entries_[key] = {std::move(value), ++last_, now};
        return {queue::cluster::WriteOutcome::stored, last_};
    }
    /// Everything with a revision above `after`, in their order; of a key only the newest.
    [[nodiscard]] std::vector<std::pair<std::string, Entry>> since(std::uint64_t after, Time now) {
        expire(now);
        std::map<std::uint64_t, const std::string*> order;
        for (const auto& [key, entry] : entries_) {
            if (entry.revision > after) order[entry.revision] = &key;
        }
        std::vector<std::pair<std::string, Entry>> news;
        for (const auto& [revision, key] : order) news.emplace_back(*key, entries_.at(*key));
        return news;
    }
    [[nodiscard]] std::uint64_t last() const { return last_; }
    [[nodiscard]] const std::map<std::string, Entry>& entries(Time now) {
        expire(now);
        return entries_;
    }

private:
    void expire(Time now) {
        std::erase_if(
            entries_, [&](const auto& entry) { return now - entry.second.written_at >= ttl_; });
    }

    Duration ttl_;
    std::uint64_t last_ = 0;
    std::map<std::string, Entry> entries_;
};

}  // namespace baton::test

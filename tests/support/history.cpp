#include "support/history.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include <fmt/core.h>

namespace baton::test {
namespace {

/// A lease may be counted from any moment of the pop, by clocks that are not the same.
constexpr std::chrono::milliseconds lease_slack{250};

struct Delivered {
    const DeliveryEvent* event = nullptr;
    const AckEvent* ack = nullptr;  ///< the last one of its receipt

    [[nodiscard]] bool acked() const { return ack != nullptr && ack->outcome == Outcome::done; }
    [[nodiscard]] bool may_be_acked() const {
        return ack != nullptr && ack->outcome != Outcome::refused;
    }
};

/// All that is known of one number.
struct Life {
    const PostEvent* post = nullptr;
    std::set<std::string> ids;
    std::vector<Delivered> deliveries;  ///< by the end of their pops

    [[nodiscard]] bool may_be_acked() const {
        return std::ranges::any_of(deliveries, &Delivered::may_be_acked);
    }
    /// The earliest moment at which it may have been acked.
    [[nodiscard]] std::optional<HistoryTime> finished() const {
        std::optional<HistoryTime> first;
        for (const auto& one : deliveries) {
            if (!one.may_be_acked()) continue;
            if (!first || one.ack->at.begin < *first) first = one.ack->at.begin;
        }
        return first;
    }
};

class Check {
public:
    Check(const std::vector<PostEvent>& posts, const std::vector<DeliveryEvent>& deliveries,
        const std::vector<AckEvent>& acks) {
        std::unordered_map<std::string, const AckEvent*> by_receipt;
        for (const auto& ack : acks) {
            auto& last = by_receipt[ack.receipt];
            // One that was done, or may have been, says more than a later one that came too late.
            if (last == nullptr || last->outcome == Outcome::refused) last = &ack;
            if (ack.outcome == Outcome::done) last = &ack;
        }
        for (const auto& post : posts) {
            auto& life = lives_[post.number];
            if (life.post != nullptr) say("{} was posted twice by the test itself", post.number);
            life.post = &post;
            if (!post.id.empty()) life.ids.insert(post.id);
        }
        for (const auto& delivery : deliveries) {
            auto& life = lives_[delivery.number];
            life.ids.insert(delivery.id);
            const auto ack = by_receipt.find(delivery.receipt);
            life.deliveries.push_back({&delivery, ack == by_receipt.end() ? nullptr : ack->second});
        }
        for (auto& [number, life] : lives_) {
            std::ranges::sort(
                life.deliveries, {}, [](const Delivered& one) { return one.event->at.end; });
        }
    }

    std::vector<std::string> run(bool is_drained) {
        for (const auto& [number, life] : lives_) {
            existence(number, life, is_drained);
            settlement(number, life);
            leases(number, life);
        }
        order();
        return std::move(breaches_);
    }

private:
    template <class... Arguments>
    void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
        breaches_.push_back(fmt::format(format, std::forward<Arguments>(arguments)...));
    }

    void existence(std::uint64_t number, const Life& life, bool is_drained) {
        if (life.post == nullptr) return say("{} was delivered and never posted", number);
        if (life.ids.size() > 1) say("{} is there {} times", number, life.ids.size());
        if (life.post->outcome == Outcome::refused && !life.deliveries.empty()) {
            say("{} was refused and delivered", number);
        }
        if (!is_drained || life.post->outcome != Outcome::done) return;
        if (life.deliveries.empty()) return say("{} was accepted and is lost", number);
        if (!life.may_be_acked()) {
            const auto tried = std::ranges::count_if(
                life.deliveries, [](const Delivered& one) { return one.ack != nullptr; });
            say("{} went without an ack ({} deliveries, {} refused acks)", number,
                life.deliveries.size(), tried);
        }
    }

    void settlement(std::uint64_t number, const Life& life) {
        const auto acked = std::ranges::count_if(life.deliveries, &Delivered::acked);
        if (acked > 1) say("{} was acked {} times", number, acked);
        for (const auto& one : life.deliveries) {
            if (!one.acked()) continue;
            for (const auto& other : life.deliveries) {
                if (other.event->at.begin > one.ack->at.end)
                    say("{} came back after its ack", number);
                // A newer delivery makes the receipt before it void.
                if (one.ack->at.begin > other.event->at.end && other.event != one.event &&
                    other.event->at.begin > one.event->at.end) {
                    say("{} was acked with a receipt that was no longer the last", number);
                }
            }
        }
    }

    void leases(std::uint64_t number, const Life& life) {
        for (std::size_t i = 0; i + 1 < life.deliveries.size(); ++i) {
            const auto& one = life.deliveries[i];
            const auto& next = life.deliveries[i + 1];
            const auto until = one.event->at.begin + one.event->lease - lease_slack;
            const bool may_be_settled =
                one.ack != nullptr && one.ack->at.begin <= next.event->at.end;
            if (next.event->at.end < until && !may_be_settled) {
                say("{} was delivered again while its lease ran", number);
            }
        }
    }

    /// Posts of a key that were made one after the other.
    void order() {
        std::map<std::string, std::vector<const Life*>> by_key;
        for (const auto& [number, life] : lives_) {
            if (life.post != nullptr && !life.post->key.empty()) {
                by_key[life.post->key].push_back(&life);
            }
        }
        for (auto& [key, line] : by_key) {
            std::ranges::sort(line, {}, [](const Life* life) { return life->post->at.begin; });
            for (std::size_t i = 0; i + 1 < line.size(); ++i) order(key, *line[i], *line[i + 1]);
        }
    }
    void order(const std::string& key, const Life& first, const Life& second) {
        const bool is_certain =
            first.post->outcome == Outcome::done && first.post->at.end <= second.post->at.begin;
        if (!is_certain || second.deliveries.empty()) return;
        const auto finished = first.finished();
        const auto delivered = second.deliveries.front().event->at.end;
        if (!finished || *finished > delivered) {
            say("{} of key {} was delivered before {} was finished", second.post->number, key,
                first.post->number);
        }
    }

    std::map<std::uint64_t, Life> lives_;
    std::vector<std::string> breaches_;
};

}  // namespace

void History::add(PostEvent event) {
    const std::scoped_lock lock(mutex_);
    posts_.push_back(std::move(event));
}
void History::add(DeliveryEvent event) {
    const std::scoped_lock lock(mutex_);
    deliveries_.push_back(std::move(event));
}
void History::add(AckEvent event) {
    const std::scoped_lock lock(mutex_);
    acks_.push_back(std::move(event));
}

std::vector<std::string> History::breaches(bool is_drained) const {
    const std::scoped_lock lock(mutex_);
    return Check(posts_, deliveries_, acks_).run(is_drained);
}

History::Counts History::counts() const {
    const std::scoped_lock lock(mutex_);
    Counts counts;
    for (const auto& post : posts_) {
        counts.posts_done += post.outcome == Outcome::done ? 1 : 0;
        counts.posts_unknown += post.outcome == Outcome::unknown ? 1 : 0;
        counts.posts_refused += post.outcome == Outcome::refused ? 1 : 0;
    }
    counts.deliveries = deliveries_.size();
    for (const auto& ack : acks_) {
        counts.acks_done += ack.outcome == Outcome::done ? 1 : 0;
        counts.acks_unknown += ack.outcome == Outcome::unknown ? 1 : 0;
    }
    return counts;
}

std::chrono::milliseconds History::longest_gap() const {
    const std::scoped_lock lock(mutex_);
    std::vector<HistoryTime> times;
    for (const auto& post : posts_) {
        if (post.outcome == Outcome::done) times.push_back(post.at.end);
    }
    std::ranges::sort(times);
    HistoryTime::duration longest{0};
    for (std::size_t i = 1; i < times.size(); ++i) {
        longest = std::max(longest, times[i] - times[i - 1]);
    }
    return std::chrono::duration_cast<std::chrono::milliseconds>(longest);
}

std::optional<HistoryTime> History::first_post_after(HistoryTime moment) const {
    const std::scoped_lock lock(mutex_);
    std::optional<HistoryTime> first;
    for (const auto& post : posts_) {
        if (post.outcome != Outcome::done || post.at.begin < moment) continue;
        if (!first || post.at.end < *first) first = post.at.end;
    }
    return first;
}

}  // namespace baton::test

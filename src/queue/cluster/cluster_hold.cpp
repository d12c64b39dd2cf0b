#include "queue/cluster/cluster_hold.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "nats/key_value.h"

namespace baton::queue::cluster {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// What it is called among the daemons.
constexpr std::string_view holder_name = "archive";

std::uint64_t random_number() {
    std::random_device device;
    return (static_cast<std::uint64_t>(device()) << 32) | device();
}

class Hold final : public ClusterHold {
public:
    Hold(HoldConfig config, std::shared_ptr<nats::Connection> connection)
        : config_(std::move(config)),
          connection_(std::move(connection)),
          id_(make_daemon_id(holder_name, random_number())),
          keys_(config_.partitions) {}
    ~Hold() override {
        {
            const std::scoped_lock lock(mutex_);
            is_ending_ = true;
        }
        changed_.notify_all();
        if (thread_.joinable()) thread_.join();
        if (bucket_) release();
    }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

    Result<void> begin(Deadline deadline) {
        BATON_TRY(bucket_,
            nats::open_bucket(connection_,
                {.name = config_.name, .replicas = config_.replicas, .ttl = config_.timing.ttl},
                config_.timing.write_patience));
        BATON_TRY(watch_, bucket_->watch([this](const nats::KeyEntry* entry) { see(entry); }));
        BATON_TRY_VOID(await_daemons(deadline));
        tell_of_us();
        for (Partition i = 0; i < config_.partitions; ++i) {
            BATON_TRY_VOID(claim(i, deadline));
        }
        thread_ = std::thread([this] { keep(); });
        let_finish();
        return {};
    }

    Result<void> check() const override {
        const std::scoped_lock lock(mutex_);
        if (!lost_) return {};
        return fail(
            Errc::conflict, fmt::format("a daemon has taken partition {} meanwhile", *lost_));
    }

private:
    struct Daemon {
        DaemonRecord record{};
        std::uint64_t revision = 0;
        SteadyClock::time_point seen_at{};
        bool has_renewed = false;  ///< since we began
    };
    struct Key {
        std::optional<LeaderRecord> record{};
        std::uint64_t revision = 0;  ///< of the last change that was seen
        std::uint64_t own = 0;       ///< of our last one that was stored; 0: none
    };

    /// On the thread of the watch.
    void see(const nats::KeyEntry* entry) {
        const std::scoped_lock lock(mutex_);
        if (entry == nullptr) {
            is_complete_ = true;
        } else {
            std::optional<std::string_view> value;
            if (!entry->removed) value = entry->value;
            const auto event = seen(entry->key, value, entry->revision);
            if (event) std::visit([this](const auto& one) { note(one); }, *event);
        }
        changed_.notify_all();
    }
    void note(const DaemonSeen& event) {
        if (event.id == id_) return;
        Daemon& daemon = daemons_[event.id];
        if (event.revision > daemon.revision && event.record) {
            daemon = {*event.record, event.revision, SteadyClock::now(), is_complete_};
        }
        if (!event.record) daemons_.erase(event.id);
    }
    void note(const LeaderSeen& event) {
        if (event.partition >= keys_.size()) return;
        auto& key = keys_[event.partition];
        if (event.revision <= key.revision) return;
        key.record = event.record;
        key.revision = event.revision;
    }
    static void note(const auto&) {}

    /// Until none is left that must not be there.
    Result<void> await_daemons(Deadline deadline) {
        std::unique_lock lock(mutex_);
        while (!deadline.expired()) {
            if (is_complete_) {
                std::erase_if(daemons_, [&](const auto& daemon) {
                    return SteadyClock::now() - daemon.second.seen_at >= config_.timing.ttl;
                });
                BATON_TRY_VOID(look_at_daemons());
                if (daemons_.empty() || config_.take_over) return {};
            }
            changed_.wait_for(lock, config_.timing.retry_interval);
        }
        std::vector<std::string_view> names;
        for (const auto& [id, daemon] : daemons_) names.emplace_back(daemon.record.name);
        return fail(Errc::unavailable, is_complete_
                                           ? fmt::format("still there: {}", fmt::join(names, ", "))
                                           : "the cluster's bucket could not be read in time");
    }

    Result<void> look_at_daemons() const {
        std::vector<std::string> running;
        for (const auto& [id, daemon] : daemons_) {
            const auto& record = daemon.record;
            if (record.partitions != config_.partitions) {
                return fail(
                    Errc::conflict, fmt::format("daemon `{}` has {} partitions, not {}",
                                        record.name, record.partitions, config_.partitions));
            }
            if (daemon.has_renewed && !record.is_draining) running.push_back(record.name);
        }
        if (running.empty() || config_.take_over) return {};
        return fail(Errc::conflict,
            fmt::format("these daemons of the cluster run: {}", fmt::join(running, ", ")));
    }

    void tell_of_us() {
        const DaemonRecord record{.name = std::string(holder_name),
            .partitions = config_.partitions,
            .is_draining = true,
            .may_lead = false};
        const auto told = bucket_->put(daemon_key(id_), to_json(record));
        static_cast<void>(told);  // next time
    }

    /// Writes our name into a partition's key if it is as we have seen it last.
    Result<void> claim(Partition partition, Deadline deadline) {
        const auto value = to_json(LeaderRecord{.leader = id_});
        Result<std::uint64_t> stored = fail(Errc::unavailable, "");
        for (bool expects_none = false; !deadline.expired(); expects_none = !expects_none) {
            std::unique_lock lock(mutex_);
            const auto& key = keys_[partition];
            const auto revision = key.record && !expects_none ? key.revision : 0;
            lock.unlock();
            // An entry that has expired is still as it was seen: then there must be none.
            stored = revision == 0 ? bucket_->create(leader_key(partition), value)
                                   : bucket_->update(leader_key(partition), value, revision);
            lock.lock();
            if (stored) {
                keys_[partition].own = *stored;
                return {};
            }
            const bool is_news = keys_[partition].revision != revision && revision != 0;
            if (!is_news) changed_.wait_for(lock, std::chrono::milliseconds(20));
        }
        return fail(Errc::unavailable,
            fmt::format("partition {} could not be taken: {}", partition, stored.error().detail));
    }

    /// Leaders that see their keys taken commit and answer what they have begun. Nothing is lost
    /// without this wait, but clients would not know what became of it.
    void let_finish() {
        std::unique_lock lock(mutex_);
        if (daemons_.empty()) return;
        const auto until = SteadyClock::now() + config_.timing.renew_interval;
        changed_.wait_until(lock, until, [this] { return lost_.has_value(); });
    }

    void keep() {
        std::unique_lock lock(mutex_);
        while (!is_ending_) {
            changed_.wait_for(lock, config_.timing.renew_interval, [this] { return is_ending_; });
            if (is_ending_) return;
            lock.unlock();
            tell_of_us();
            for (Partition i = 0; i < config_.partitions; ++i) renew(i);
            lock.lock();
        }
    }

    void renew(Partition partition) {
        const auto value = to_json(LeaderRecord{.leader = id_});
        std::unique_lock lock(mutex_);
        const auto own = keys_[partition].own;
        lock.unlock();
        auto stored = own == 0 ? bucket_->create(leader_key(partition), value)
                               : bucket_->update(leader_key(partition), value, own);
        lock.lock();
        auto& key = keys_[partition];
        if (stored) {
            key.own = *stored;
            return;
        }
        if (stored.error().code != Errc::conflict) return;
        const bool is_others = key.revision > own && !(key.record && key.record->leader == id_);
        if (is_others && key.record) {
            lost_ = partition;
        } else {
            // One of ours was stored after all, or it has expired.
            key.own = key.revision > own && key.record ? key.revision : 0;
        }
    }

    void release() {
        std::unique_lock lock(mutex_);
        const auto keys = keys_;
        lock.unlock();
        for (Partition i = 0; i < config_.partitions; ++i) {
            if (keys[i].own == 0) continue;
            const auto given_up =
                bucket_->update(leader_key(i), to_json(LeaderRecord{}), keys[i].own);
            static_cast<void>(given_up);  // else it expires
        }
        const auto removed = bucket_->remove(daemon_key(id_));
        static_cast<void>(removed);
    }

    const HoldConfig config_;
    const std::shared_ptr<nats::Connection> connection_;
    const DaemonId id_;
    std::unique_ptr<nats::KeyValue> bucket_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::map<DaemonId, Daemon> daemons_;
    std::vector<Key> keys_;
    std::optional<Partition> lost_;
    bool is_complete_ = false;
    bool is_ending_ = false;

    std::thread thread_;
    std::unique_ptr<nats::Subscription> watch_;  // ends before what it tells
};

}  // namespace

Result<std::unique_ptr<ClusterHold>> hold_cluster(
    HoldConfig config, std::shared_ptr<nats::Connection> connection, Deadline deadline) {
    auto hold = std::make_unique<Hold>(std::move(config), std::move(connection));
    BATON_TRY_VOID(hold->begin(deadline));
    return hold;
}

}  // namespace baton::queue::cluster

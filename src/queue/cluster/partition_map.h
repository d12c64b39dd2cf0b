// Where a queue lives: its name, and every id of its messages, tell the partition. All daemons of a
// cluster must agree for ever, so nothing here may change.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/id.h"
#include "model/message.h"

namespace baton::queue::cluster {

/// 0 … partitions - 1.
using Partition = std::uint32_t;

inline constexpr std::uint32_t partitions_max = 256;

/// Queues of one partition whose uids name another one: their ids are older than their place here.
/// All daemons must know them, so there are not many.
inline constexpr std::size_t guests_max = 2'000;

/// FNV-1a over the bytes (64 bit: offset basis 14695981039346656037, prime 1099511628211), then the
/// finaliser of MurmurHash3, since FNV alone leaves short names close together.
[[nodiscard]] constexpr std::uint64_t stable_hash(
    std::string_view text, std::uint64_t seed = 0) noexcept {
    std::uint64_t hash = 14'695'981'039'346'656'037ULL ^ seed;
    for (const char letter : text) {
        hash = (hash ^ static_cast<unsigned char>(letter)) * 1'099'511'628'211ULL;
    }
    hash = (hash ^ (hash >> 33)) * 0xff51'afd7'ed55'8ccdULL;
    hash = (hash ^ (hash >> 33)) * 0xc4ce'b9fe'1a85'ec53ULL;
    return hash ^ (hash >> 33);
}

/// A cluster's partitions. Their number is settled when the cluster is made.
class PartitionMap {
public:
    /// `partitions`: 1..256.
    explicit constexpr PartitionMap(std::uint32_t partitions) noexcept : partitions_(partitions) {
        assert(partitions >= 1 && partitions <= partitions_max);
    }

    [[nodiscard]] constexpr std::uint32_t partitions() const noexcept { return partitions_; }

    [[nodiscard]] constexpr Partition of(std::string_view queue_name) const noexcept {
        return static_cast<Partition>(stable_hash(queue_name) % partitions_);
    }
    [[nodiscard]] Partition of(const QueueName& queue) const noexcept { return of(queue.view()); }

    /// The lowest byte of a queue's uid is its partition. (Not the whole uid modulo the partitions:
    /// an engine changes the uids of queues in memory at each start, see `run_number`.)
    [[nodiscard]] constexpr Partition of_uid(std::uint64_t uid) const noexcept {
        return static_cast<Partition>((uid & 0xff) % partitions_);
    }
    [[nodiscard]] constexpr Partition of(const MessageId& message) const noexcept {
        return of_uid(message.queue_uid);
    }

    /// A uid for a queue of `partition`, from a random number. Never 0.
    [[nodiscard]] static constexpr std::uint64_t make_uid(
        Partition partition, std::uint64_t random) noexcept {
        const std::uint64_t high = random & ~std::uint64_t{0xff};
        return (high == 0 ? 0x100 : high) | partition;
    }

    /// `EngineConfig::run` for an engine of a cluster, from a random number: uids that it is mixed
    /// into stay in their partition.
    [[nodiscard]] static constexpr std::uint64_t run_number(std::uint64_t random) noexcept {
        return random & ~std::uint64_t{0xff};
    }

private:
    std::uint32_t partitions_;
};

}  // namespace baton::queue::cluster

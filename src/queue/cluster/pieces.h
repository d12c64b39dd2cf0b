// Requests and answers in pieces that NATS carries. docs/formats/commands.md has the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "queue/cluster/cluster_events.h"
#include "queue/cluster/partition_map.h"

namespace baton::queue::cluster {

/// What a piece belongs to.
struct CallHead {
    enum class Kind : std::uint8_t {
        request = 1,
        answer = 2,
        not_served = 3,  ///< an answer: the partition is not served here, nothing was executed
    };
    Kind kind = Kind::request;
    Partition partition = 0;
    std::uint64_t caller = 0;  ///< a random number of the daemon that calls
    std::uint64_t call = 0;    ///< its number there
    bool operator==(const CallHead&) const = default;
};

/// Calls `send` with each piece of `data`, of at most `piece_bytes` data; its first error ends it.
[[nodiscard]] Result<void> cut(const CallHead& head, std::string_view data, std::size_t piece_bytes,
    const std::function<Result<void>(std::string_view piece)>& send);

/// Puts pieces together. Those of one call come in order, or some are missing: then it is dropped.
/// Use from one thread.
class Assembler {
public:
    /// `bytes_max`: of calls that are not whole yet; the oldest go when there is more.
    explicit Assembler(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    struct Whole {
        CallHead head;
        std::string data;
    };
    /// What `piece` completes. Fails: protocol_error (it is none of ours).
    [[nodiscard]] Result<std::optional<Whole>> add(std::string_view piece);

private:
    struct Part {
        std::uint32_t next = 0;
        std::string data;
        std::uint64_t begun = 0;
    };
    using Key = std::pair<std::uint64_t, std::uint64_t>;
    void drop_oldest();

    const std::size_t bytes_max_;
    std::size_t bytes_ = 0;
    std::uint64_t begun_ = 0;
    std::map<Key, Part> parts_;
};

}  // namespace baton::queue::cluster

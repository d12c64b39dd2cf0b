// What the pool keeps over a restart: cooldowns and the day's money. A port.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "runtime/task.h"

namespace baton::llm {

/// What a record is about. Values reach disk; never renumber.
enum class RecordScope : std::uint8_t { endpoint = 0, model = 1, tenant = 2 };

struct PoolRecord {
    RecordScope scope = RecordScope::endpoint;
    std::string name{};
    TimePoint cools_until{};  ///< of endpoints; zero: does not cool
    std::string cool_reason{};
    TimePoint day{};  ///< the UTC day's begin
    double cost = 0;  ///< of that day
    bool operator==(const PoolRecord&) const = default;
};

/// Keeps the latest record of each scope and name. Safe to use from any thread.
class PoolRecords {
public:
    virtual ~PoolRecords() = default;

    /// All records. Blocks; for the start. Fails: as the store does.
    [[nodiscard]] virtual Result<std::vector<PoolRecord>> load() = 0;

    /// Adds or replaces; all or none, durable on return. Fails: as the store does; overloaded.
    [[nodiscard]] virtual Task<Result<void>> save(std::vector<PoolRecord> records) = 0;
};

}  // namespace baton::llm

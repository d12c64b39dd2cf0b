// The limits of a pool as far as they hold for several daemons together. A port: who knows the
// other daemons says how much of each limit this one may use.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "llm/limit_use.h"

namespace baton::llm {

/// A limit by the name that all daemons have for it.
struct NamedUse {
    std::string key{};
    LimitKind kind = LimitKind::concurrency;
    LimitUse use{};
};

struct ShareBound {
    std::string key{};
    std::uint64_t may = 0;    ///< as much may be in use here
    std::uint64_t could = 0;  ///< … and it may come to so much when it is wanted
    bool operator==(const ShareBound&) const = default;
};

/// Until something is allowed nothing may be in use. Safe to use from any thread.
class SharedLimits {
public:
    virtual ~SharedLimits() = default;

    /// Those that are in use, wanted, or may be used; and those that were wanted last.
    [[nodiscard]] virtual std::vector<NamedUse> uses() = 0;
    /// At once at most `may`; never more than before. What is in use already stays so.
    virtual void lower(const std::vector<ShareBound>& bounds) = 0;
    /// From now on `may`, and all limits until `until` and no longer.
    virtual void allow(const std::vector<ShareBound>& bounds, SteadyTime until) = 0;
    /// `wake` is called, on any thread and often, when a request waits for a share. Call before the
    /// first chat.
    virtual void on_want(std::function<void()> wake) = 0;
};

}  // namespace baton::llm

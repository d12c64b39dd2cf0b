// The books of a pool whose limits other daemons share, by the names that all have for them.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "llm/limits.h"
#include "llm/shared_limits.h"

namespace baton::llm {

/// Not thread-safe. What it is for says SharedLimits.
class SharedBooks final {
public:
    /// `scope`: "endpoint", "model" or "tenant". The book must outlive it; nothing may be taken of
    /// it until something is allowed.
    void add(std::string_view scope, std::string_view name, LimitBook& book);

    [[nodiscard]] std::vector<NamedUse> uses(SteadyTime now);
    void lower(const std::vector<ShareBound>& bounds, SteadyTime now);
    void allow(const std::vector<ShareBound>& bounds, SteadyTime until);

private:
    struct Kept {
        LimitBook* book = nullptr;
        std::array<std::string, limit_kinds> keys{};  ///< empty: there is no such limit
    };
    std::vector<Kept> books_;
    std::unordered_map<std::string, std::pair<LimitBook*, LimitKind>> by_key_;
};

}  // namespace baton::llm

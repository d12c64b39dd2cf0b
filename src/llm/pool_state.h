// The pool's decisions: who takes a request, what is reserved for it, and what its end means.
// Pure: the shell (endpoint_pool.h) brings time and chance, asks providers, and holds the lock.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "llm/endpoint_state.h"
#include "llm/pool_config.h"
#include "llm/pool_records.h"
#include "llm/purses.h"
#include "llm/shared_books.h"

namespace baton::llm {

/// A request as far as the choice goes.
struct Ask {
    std::string_view model{};
    std::string_view tenant{};
    std::uint64_t session_hash = 0;                ///< 0: no conversation
    std::uint64_t input_tokens = 0;                ///< an estimate
    std::optional<std::uint64_t> output_tokens{};  ///< at most; not set: as is usual
    std::uint64_t tried = 0;                       ///< bit i: endpoint i had it already
};

/// Chance for one choice; both even from [0, 1).
struct Draws {
    double first = 0;
    double second = 0;
};

/// What is remembered of the requests for one model, and an endpoint that serves it.
struct Route;
struct Target;

/// Money per million tokens.
struct Price {
    double input = 0;
    double output = 0;
};

/// A request on its way to an endpoint; goes back with `settle`, exactly once.
struct Grant {
    std::size_t endpoint = 0;
    std::string model{};  ///< as the endpoint calls it
    Need need{};          ///< reserved
    SteadyTime began{};
    bool on_trial = false;
    bool has_spoken = false;
    bool lacks_share = false;  ///< not this endpoint but another, which has asked for one
    Route* route = nullptr;
    LimitBook* model_book = nullptr;   ///< null: no limits
    LimitBook* tenant_book = nullptr;  ///< null: no limits
    EndpointState::Waiting::iterator waiting{};
    Price price{};
};

/// Nobody may take it now.
struct Refusal {
    Errc code = Errc::provider_rate_limited;  ///< or not_found
    SteadyTime ready_at{};
    std::string why{};
    bool lacks_share = false;  ///< of what may have been claimed in a moment
};

/// Not thread-safe.
class PoolState final {
public:
    /// `endpoints`: 1..64, names unique.
    PoolState(const PoolConfig& config, std::vector<EndpointConfig> endpoints);
    ~PoolState();
    PoolState(const PoolState&) = delete;
    PoolState& operator=(const PoolState&) = delete;

    [[nodiscard]] std::expected<Grant, Refusal> take(const Ask& ask, const Now& now, Draws draws);
    /// The first piece of its answer.
    void speaks(Grant& grant, const Now& now);
    void report(const Grant& grant, const RateReport& report, const Now& now);
    /// What the request cost, in money.
    double settle(const Grant& grant, const End& end, const Now& now);
    /// Another endpoint took what this one refused: the fault was its own.
    void blame(std::size_t endpoint, std::string_view why, const Now& now);

    [[nodiscard]] std::vector<std::string> models() const;
    [[nodiscard]] bool serves(std::string_view model) const;
    [[nodiscard]] SteadyTime ready_at(std::string_view model, const Now& now);
    /// What is left to a tenant with a model.
    [[nodiscard]] Rooms rooms(std::string_view tenant, std::string_view model, const Now& now);
    [[nodiscard]] Duration expected_time(std::string_view model) const;
    /// Whether another endpoint than `endpoint` serves the grant's model.
    [[nodiscard]] bool has_other(const Grant& grant) const;

    [[nodiscard]] std::size_t size() const noexcept { return endpoints_.size(); }
    [[nodiscard]] EndpointState& endpoint(std::size_t place) { return *endpoints_[place]; }
    [[nodiscard]] std::vector<EndpointStatus> status(const Now& now);
    /// False when there is no such endpoint.
    [[nodiscard]] bool set_weight(std::string_view endpoint, std::uint32_t weight);

    /// What has to survive a restart, of every endpoint.
    [[nodiscard]] std::vector<CooldownRecord> cooldowns(const Now& now);
    void restore(const std::vector<CooldownRecord>& cooldowns, const Now& now);

    /// From now on money is spent only when it was claimed. Call once, before `take`.
    void claim_money();
    [[nodiscard]] Purses& purses() noexcept { return purses_; }
    /// Whether what is claimed is used up soon.
    [[nodiscard]] bool runs_short(const Grant& grant) const;

    /// From now on other daemons share all limits but those of money. Call once, before `take`.
    void share_limits();
    [[nodiscard]] SharedBooks& shared() noexcept { return shared_; }

private:
    using Books = std::unordered_map<std::string, std::unique_ptr<LimitBook>>;

    [[nodiscard]] Route* route_of(std::string_view model) const;
    [[nodiscard]] Price price(const Target& target, std::string_view model) const;
    [[nodiscard]] Need need_of(const Ask& ask, const Route& route) const;
    [[nodiscard]] static LimitBook* book_of(const Books& books, std::string_view name);
    [[nodiscard]] Grant grant(
        const Ask& ask, Route& route, std::size_t target, const Need& need, const Now& now);
    [[nodiscard]] Refusal refusal(
        const Ask& ask, const Route& route, const Need& need, const Now& now);

    PoolConfig config_;
    std::vector<std::unique_ptr<EndpointState>> endpoints_;
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept {
            return std::hash<std::string_view>{}(text);
        }
    };
    std::unordered_map<std::string, std::unique_ptr<Route>, Hash, std::equal_to<>> routes_;
    std::unique_ptr<Route> any_;  ///< for models nobody names; null when every endpoint names its
    Books model_books_;
    Books tenant_books_;
    SharedBooks shared_;
    Purses purses_;
};

}  // namespace baton::llm

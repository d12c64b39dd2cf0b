// A pool over providers that do what the test says, with a clock that it moves.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "llm/endpoint_pool.h"
#include "support/fake_clock.h"
#include "support/fake_provider.h"
#include "support/task_thread.h"

namespace baton::llm {

/// Records in memory.
class FakeRecords final : public PoolRecords {
public:
    Result<std::vector<CooldownRecord>> cooldowns() override { return kept; }
    Result<std::vector<PurseSum>> sums(TimePoint day) override {
        auto sums = day == elsewhere_day ? elsewhere : std::vector<PurseSum>();
        for (const auto& [owner, claim] : claims) {
            if (claim.day != day) continue;
            sums.push_back({.owner = owner, .spent = claim.spent, .claimed = claim.claim});
        }
        return sums;
    }
    Task<Result<void>> save(std::vector<CooldownRecord> records) override {
        for (auto& record : records) {
            std::erase_if(
                kept, [&](const CooldownRecord& old) { return old.endpoint == record.endpoint; });
            kept.push_back(std::move(record));
        }
        co_return Result<void>();
    }
    Task<Result<std::vector<PurseGrant>>> claim(std::vector<NamedClaim> wanted) override {
        ++writes;
        if (is_away) co_return fail(Errc::unavailable, "no database");
        std::vector<PurseGrant> grants;
        for (auto& named : wanted) {
            PurseGrant grant;
            for (const auto& sum : elsewhere) {
                if (sum.owner != named.owner || named.claim.day != elsewhere_day) continue;
                grant.elsewhere_spent += sum.spent;
                grant.elsewhere_claimed += sum.claimed;
            }
            named.claim.claim = grant.claim = grant_of(named.claim, grant.elsewhere_claimed);
            std::erase_if(claims, [&](const auto& old) { return old.owner == named.owner; });
            claims.push_back(named);
            grants.push_back(grant);
        }
        co_return grants;
    }
    /// What earlier runs have written, for the next one.
    void restart_from(const FakeRecords& other) {
        kept = other.kept;
        elsewhere = other.elsewhere;
        for (const auto& [owner, claim] : other.claims) {
            elsewhere.push_back({.owner = owner, .spent = claim.spent, .claimed = claim.claim});
        }
    }

    std::vector<CooldownRecord> kept;
    std::vector<NamedClaim> claims;  ///< of this run
    std::vector<PurseSum> elsewhere;
    TimePoint elsewhere_day = test::FakeClock::start;
    std::atomic<bool> is_away = false;
    std::atomic<int> writes = 0;
};

class PoolWorld {
public:
    /// Call before the first chat; the endpoint's provider is `provider(i)`.
    void add(EndpointConfig endpoint) {
        auto provider = std::make_unique<test::FakeProvider>();
        providers_.push_back(provider.get());
        endpoints_.push_back({.config = std::move(endpoint), .provider = std::move(provider)});
    }
    test::FakeProvider& provider(std::size_t i) { return *providers_[i]; }

    EndpointPool& pool() {
        if (!pool_) {
            auto made = make_endpoint_pool({.executor = thread.executor(),
                                               .records = &records,
                                               .clock = clock,
                                               .metrics = metrics,
                                               .shares_limits = shares_limits},
                config, std::move(endpoints_), Log());
            if (!made) throw std::runtime_error(to_string(made.error()));
            pool_ = *std::move(made);
        }
        return *pool_;
    }

    Task<Result<ChatResult>> call(Asker asker = {}, std::string model = "m") {
        ChatRequest request{.model = std::move(model), .messages = {{Role::user, "hello"}}};
        request.options.max_output_tokens = 100;
        ChatSink sink = [this](const ChatDelta& delta) { said += delta.text; };
        return pool().chat(std::move(asker), std::move(request), std::move(sink),
            Deadline::after(std::chrono::seconds(20)));
    }
    Result<ChatResult> chat(Asker asker = {}, std::string model = "m") {
        return thread.run(call(std::move(asker), std::move(model)));
    }
    std::vector<std::size_t> asked() const {
        std::vector<std::size_t> counts;
        for (const auto* provider : providers_) counts.push_back(provider->requests.size());
        return counts;
    }

    bool shares_limits = false;
    PoolConfig config{.algorithm = Algorithm::round_robin};
    test::FakeClock clock;
    MetricRegistry metrics;
    FakeRecords records;
    std::string said;
    test::TaskThread thread;

private:
    std::vector<test::FakeProvider*> providers_;
    std::vector<PoolEndpoint> endpoints_;
    std::unique_ptr<EndpointPool> pool_;
};

}  // namespace baton::llm

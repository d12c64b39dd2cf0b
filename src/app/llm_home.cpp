#include "app/llm_home.h"

#include <algorithm>
#include <random>
#include <utility>

#include <fmt/core.h>

#include "app/cluster_store.h"
#include "dispatch/work_item.h"
#include "llm/anthropic/anthropic_provider.h"
#include "llm/cluster/limit_exchange.h"
#include "llm/echo/echo_provider.h"
#include "llm/endpoint_pool.h"
#include "llm/ollama/ollama_provider.h"
#include "llm/openai/openai_provider.h"
#include "llm/records/db_records.h"
#include "nats/connection.h"
#include "net/client.h"

namespace baton::app {
namespace {

std::unique_ptr<llm::Provider> make_provider(const EndpointSettings& endpoint, net::Client& http) {
    switch (endpoint.provider) {
        case ProviderKind::anthropic:
            return llm::make_anthropic_provider(
                http, {.base_url = endpoint.base_url, .api_key = endpoint.api_key});
        case ProviderKind::ollama:
            return llm::make_ollama_provider(
                http, {.base_url = endpoint.base_url, .api_key = endpoint.api_key});
        case ProviderKind::echo: return llm::make_echo_provider();
        case ProviderKind::openai: break;
    }
    return llm::make_openai_provider(
        http, {.base_url = endpoint.base_url, .api_key = endpoint.api_key, .api = endpoint.api});
}

llm::EndpointConfig pool_config(const EndpointSettings& endpoint, const llm::Provider& provider) {
    return {.name = endpoint.name,
        .kind = std::string(provider.kind()),
        .base_url = endpoint.base_url,
        .models = endpoint.models,
        .weight = endpoint.weight,
        .limits = endpoint.limits,
        .prices = endpoint.prices};
}

/// Whether there is a limit that other daemons of a cluster have too.
bool has_shared_limits(const Config& config) {
    const auto is_shared = [](const auto& owner) {
        const auto& limits = owner.limits;
        return limits.concurrency != 0 || limits.requests_per_minute != 0 ||
               limits.input_tokens_per_minute != 0 || limits.output_tokens_per_minute != 0;
    };
    return config.queue.store == StoreKind::jetstream &&
           (std::ranges::any_of(config.llm.endpoints, is_shared) ||
               std::ranges::any_of(config.loadbalancer.models, is_shared) ||
               std::ranges::any_of(config.loadbalancer.tenants, is_shared));
}

/// This run of this daemon among those that share its limits.
std::string sharer_id(const Config& config) {
    std::random_device device;
    const auto number = (static_cast<std::uint64_t>(device()) << 32) | device();
    return fmt::format(
        "{}-{:016x}", config.cluster.node.empty() ? "daemon" : config.cluster.node, number);
}

/// Members stand in the order in which they are made.
class Home final : public LlmHome {
public:
    Home(IoPool& io, std::size_t executor) : io_(io), executor_(executor) {}

    Result<void> open(const Config& config, db::Database& database, const Clock& clock,
        MetricRegistry& metrics, const Log& log) {
        http_ = net::make_client(config.llm.client);
        std::vector<llm::PoolEndpoint> endpoints;
        for (const auto& endpoint : config.llm.endpoints) {
            auto provider = make_provider(endpoint, *http_);
            log.info(
                "LLM endpoint", {{"name", endpoint.name}, {"provider", provider->kind()},
                                    {"base_url", endpoint.base_url}, {"why", config.llm.choice}});
            if (endpoint.provider == ProviderKind::echo) {
                log.warn("no LLM: the echo provider answers with the message itself",
                    {{"why", config.llm.choice}});
            }
            auto about = pool_config(endpoint, *provider);
            endpoints.push_back({.config = std::move(about), .provider = std::move(provider)});
        }
        const auto sharer = sharer_id(config);
        BATON_TRY(records_, llm::make_db_records(database, sharer));
        const bool shares_limits = has_shared_limits(config);
        const llm::PoolDeps deps{.executor = io_.executor(executor_),
            .records = records_.get(),
            .clock = clock,
            .metrics = metrics,
            .shares_limits = shares_limits};
        BATON_TRY(pool_, llm::make_endpoint_pool(
                             deps, config.loadbalancer, std::move(endpoints), log.channel("llm")));
        if (shares_limits) {
            BATON_TRY_VOID(share_limits(config, sharer, clock, metrics, log));
        }
        io_.run_on(executor_, pool_->start());
        return {};
    }

    llm::Pool& pool() override { return *pool_; }
    void stop() override {
        sharing_.reset();
        io_.run_on(executor_, pool_->stop());
    }

private:
    Result<void> share_limits(const Config& config, const std::string& id, const Clock& clock,
        MetricRegistry& metrics, const Log& log) {
        const llm::LimitExchangeConfig sharing{
            .cluster = config.cluster.name, .id = id, .replicas = config.nats.replicas};
        // One of its own: neither commands nor logs wait for what is told of limits.
        BATON_TRY(
            auto connection, nats::connect(connection_config(config.nats, sharing.id + "-limits")));
        BATON_TRY(sharing_, llm::make_limit_exchange(sharing, std::move(connection),
                                pool_->shared_limits(), clock, metrics, log.channel("llm")));
        return {};
    }

    IoPool& io_;
    std::size_t executor_;
    std::unique_ptr<net::Client> http_;
    std::unique_ptr<llm::PoolRecords> records_;
    std::unique_ptr<llm::EndpointPool> pool_;
    std::unique_ptr<llm::LimitExchange> sharing_;  ///< of its limits, in a cluster
};

}  // namespace

Result<void> make_llm_queue(
    const Config& config, const Roles& roles, queue::Queues& queues, IoPool& io) {
    const QueueName name{std::string(dispatch::llm_queue)};
    QueueConfig wanted;
    const auto existing = io.run(queues.get_queue(name));
    if (existing && !roles.scheduler) return {};
    if (existing) wanted = existing->config;
    wanted.max_failures = config.scheduler.max_retries + 1;
    wanted.scheduling.strategy = config.strategy;
    for (const auto& level : config.queue.levels) {
        wanted.levels[static_cast<std::size_t>(level.name)] = {
            level.max_wait_time, level.max_concurrent};
        wanted.scheduling.level_weights[static_cast<std::size_t>(level.name)] = level.weight;
    }
    BATON_TRY_VOID(io.run(queues.put_queue(name, wanted)));
    return {};
}

std::vector<std::string> ollama_models(const std::string& base_url) {
    constexpr std::chrono::milliseconds patience{500};
    IoPool io(1);
    const auto http = net::make_client({.connect_timeout = patience});
    const auto ollama = llm::make_ollama_provider(*http, {.base_url = base_url});
    return io.run(ollama->models(Deadline::after(patience))).value_or(std::vector<std::string>());
}

Result<std::unique_ptr<LlmHome>> open_llm(const Config& config, db::Database& database, IoPool& io,
    std::size_t executor, const Clock& clock, MetricRegistry& metrics, const Log& log) {
    auto home = std::make_unique<Home>(io, executor);
    BATON_TRY_VOID(home->open(config, database, clock, metrics, log));
    return home;
}

}  // namespace baton::app

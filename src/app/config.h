// Everything that can be configured, as values. Names, ranges and words for each stand in
// config_table.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agents/agent.h"
#include "api/openai/openai_api.h"
#include "api/stream/stream_door.h"
#include "app/config_cache.h"
#include "app/config_database.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "dispatch/dispatcher.h"
#include "dispatch/preprocessor.h"
#include "llm/openai/openai_provider.h"
#include "llm/pool_config.h"
#include "model/message.h"
#include "model/queue_config.h"
#include "net/client.h"
#include "net/server.h"
#include "service/user_limits.h"

namespace baton::app {

// The names of enum values in the configuration, in the order of the enums.
enum class Mode : std::uint8_t { production, development };
inline constexpr std::array<std::string_view, 2> mode_names{"production", "development"};

enum class StoreKind : std::uint8_t { sqlite, memory, journal, jetstream };
inline constexpr std::array<std::string_view, 4> store_names{
    "sqlite", "memory", "journal", "jetstream"};

enum class ProviderKind : std::uint8_t { openai, anthropic, ollama, echo };
inline constexpr std::array<std::string_view, 4> provider_names{
    "openai", "anthropic", "ollama", "echo"};

/// Of agents::ContextPolicy.
inline constexpr std::array<std::string_view, 2> context_policy_names{"trim", "summarise"};

inline constexpr std::array<std::string_view, 2> openai_api_names{"chat_completions", "responses"};

/// Of Strategy, in model/queue_config.h.
inline constexpr std::array<std::string_view, 4> strategy_names{
    "strict", "priority_weighted", "fair", "deadline"};

enum class LogFormat : std::uint8_t { json, text };
inline constexpr std::array<std::string_view, 2> log_format_names{"json", "text"};

inline constexpr std::array<std::string_view, 5> log_level_names{
    "debug", "info", "warn", "error", "off"};

struct ServerSettings {
    Mode mode = Mode::production;
    net::ServerConfig http{};
    Duration drain_timeout{10'000};
    std::uint32_t threads = 0;  ///< 0: one for each core
};

struct DataSettings {
    std::filesystem::path dir = "./data";
};

struct LevelSettings {
    Level name = Level::normal;
    Duration max_wait_time{0};
    std::uint32_t max_concurrent = 0;
    std::uint32_t weight = 0;  ///< 0, before loading only: the level's own
    bool operator==(const LevelSettings&) const = default;
};

struct QueueSettings {
    StoreKind store = StoreKind::sqlite;
    std::uint64_t memory_budget = 32 * 1'048'576;  ///< bytes
    std::uint64_t segment_size = 64 * 1'048'576;   ///< bytes
    Duration sample_interval{60'000};              ///< of service::QueueHistory
    /// The journal wants a whole number of blocks.
    [[nodiscard]] std::uint64_t whole_segment_size() const noexcept {
        return (segment_size + 4095) / 4096 * 4096;
    }
    /// All four, in the order of Level. The waits keep a busy level from starving the ones below
    /// for ever.
    std::vector<LevelSettings> levels{
        {Level::realtime, Duration(0), 0, 8},
        {Level::high, Duration(60'000), 0, 4},
        {Level::normal, Duration(300'000), 0, 2},
        {Level::low, Duration(1'800'000), 0, 1},
    };
};

/// With `queue.store: jetstream`.
struct NatsSettings {
    std::vector<std::string> servers{"nats://127.0.0.1:4222"};
    std::string user;
    Secret password{};
    int replicas = 3;  ///< of every stream: 1, 3 or 5
    bool tls = false;
    std::string ca_file;
    std::string cert_file;
    std::string key_file;
};

struct ClusterSettings {
    std::string name = "baton";
    std::string node;  ///< after loading: empty when it is to be read from the data folder
    std::uint32_t partitions = 8;
    std::uint64_t log_size = 1024 * 1'048'576;  ///< bytes of one partition's log at most
    Duration join_timeout{30'000};
    Duration open_timeout{60'000};
};

struct EndpointSettings {
    std::string name = "main";
    ProviderKind provider = ProviderKind::openai;
    std::string base_url;  ///< after loading: empty for echo only
    Secret api_key{};
    llm::OpenAiApi api = llm::OpenAiApi::chat_completions;
    std::vector<llm::ModelAlias> models{};  ///< empty: any
    std::uint32_t weight = 1;
    llm::Limits limits{};
    std::vector<llm::ModelPrice> prices{};
};

struct LlmSettings {
    std::vector<EndpointSettings> endpoints;  ///< after loading: 1..64
    std::string choice;                       ///< why these endpoints, for the log
    std::vector<llm::NamedLimits> models;
    std::vector<llm::NamedLimits> tenants;
    net::ClientConfig client{};
};

struct ConversationSettings {
    Duration idle_time{0};  ///< 0: conversations without a time of their own stay
    Duration sweep_interval{60'000};
    service::UserLimits users{};  ///< keys `users.…`
};

struct LogSettings {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::json;
    std::string output = "stderr";  ///< stdout, stderr, or a file
};

struct MetricsSettings {
    bool enabled = true;
    std::string host = "127.0.0.1";
    std::uint16_t port = 9090;
    std::string path = "/metrics";
    bool is_public = false;
};

struct AccessSettings {
    std::filesystem::path admin_key_file;    ///< after loading: never empty
    std::vector<std::string> allowed_hosts;  ///< empty: by server.host
    std::vector<std::string> allowed_origins;
};

struct Config {
    ServerSettings server;
    api::stream::StreamConfig stream;
    DataSettings data;
    DatabaseSettings database;
    CacheSettings cache;
    QueueSettings queue;
    NatsSettings nats;
    ClusterSettings cluster;
    LlmSettings llm;
    llm::PoolConfig loadbalancer;  ///< after loading: with the limits of `llm`
    std::vector<agents::AgentSpec> agents{agents::AgentSpec{}};
    dispatch::DispatchConfig scheduler;
    api::openai::OpenAiConfig openai;
    Strategy strategy = Strategy::priority_weighted;  ///< of the queue `llm`
    dispatch::PreprocessorConfig preprocessor;
    ConversationSettings conversations;
    LogSettings logging;
    MetricsSettings metrics;
    AccessSettings access;

    std::vector<std::string> given;  ///< names of the keys somebody set, sorted

    [[nodiscard]] bool is_given(std::string_view key) const;
};

}  // namespace baton::app

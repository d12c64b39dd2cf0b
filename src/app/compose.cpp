#include "app/compose.h"

#include <algorithm>
#include <array>
#include <thread>
#include <unistd.h>

#include <fmt/core.h>

#include "access/access.h"
#include "agents/agent.h"
#include "agents/tools/built_in.h"
#include "agents/tools/waker.h"
#include "api/docs/docs_door.h"
#include "api/krpc/krpc_door.h"
#include "api/openai/openai_api.h"
#include "api/rest/rest_api.h"
#include "api/stream/stream_door.h"
#include "app/address.h"
#include "app/cache_home.h"
#include "app/cluster_home.h"
#include "app/config_print.h"
#include "app/data_dir.h"
#include "app/database_home.h"
#include "app/dialog_home.h"
#include "app/listeners.h"
#include "app/llm_home.h"
#include "app/metrics_door.h"
#include "app/node_store.h"
#include "base/metrics.h"
#include "conversations/conversations.h"
#include "dispatch/dispatcher.h"
#include "dispatch/intake.h"
#include "dispatch/work_item.h"
#include "net/server.h"
#include "queue/engine/engine_queues.h"
#include "runtime/io_pool.h"
#include "service/endpoint_service.h"
#include "service/health.h"
#include "service/key_service.h"
#include "service/named_queue_service.h"
#include "service/names/db_names.h"
#include "service/queue_service.h"

namespace baton::app {
namespace {

constexpr std::size_t threads_max = 64;
/// How long short requests may take to finish once the agents have: then waiting ones are sent
/// away.
constexpr std::chrono::milliseconds short_request_grace{500};

api::rest::RestConfig rest_config(const Config& config, const Roles& roles) {
    auto hosts = config.access.allowed_hosts;
    const auto& host = config.server.http.host;
    if (hosts.empty() && is_loopback(host)) {
        hosts = {"localhost", "127.0.0.1", "[::1]", host};
    }
    return {.is_gateway = roles.gateway,
        .metrics_public = config.metrics.is_public,
        .allowed_hosts = std::move(hosts),
        .allowed_origins = config.access.allowed_origins,
        .idempotency_ttl = config.cache.idempotency_ttl};
}

/// Members stand in the order in which they are made; destruction goes the other way.
class Services final : public Daemon {
public:
    Services(Config config, Roles roles, std::shared_ptr<LogSink> sink, std::string version,
        std::shared_ptr<const Clock> clock)
        : config_(std::move(config)),
          roles_(roles),
          log_(std::move(sink), "app"),
          version_(std::move(version)),
          held_clock_(std::move(clock)) {}

    /// Each line: a service, and why it comes here.
    Result<void> start() override {
        BATON_TRY(data_dir_,
            DataDir::open(config_.data.dir));  // first: nobody else may touch what follows
        io_ = std::make_unique<IoPool>(thread_count(config_));  // runs every coroutine below
        BATON_TRY_VOID(listen());  // a port in use must not cost a migration
        BATON_TRY(cache_, CacheHome::make(config_, clock_, registry_, log_));  // nor a wrong file
        BATON_TRY_VOID(open_database());           // conversations and keys live in it
        BATON_TRY_VOID(open_queues());             // the messages; recovery happens here
        if (roles_.scheduler || roles_.gateway) {  // dispatcher and services need its queue
            BATON_TRY_VOID(make_llm_queue(config_, roles_, *queues_, *io_));
        }
        BATON_TRY_VOID(remember_node_store(config_.queue.store, data_dir_->path()));
        BATON_TRY(llm_, open_llm(config_, *database_, *io_, dispatch_executor(), clock_, registry_,
                            log_));     // whom agents and clients ask
        BATON_TRY_VOID(make_agents());  // their tools work through what is there by now
        BATON_TRY_VOID(
            start_dispatcher());       // before the doors: what a crash left is repaired first
        BATON_TRY_VOID(open_doors());  // last: from here on others may call
        return {};
    }

    std::string ready_line() const override {
        auto line = "ready http=" + address_text(config_.server.http.host, api_->port());
        if (metrics_) line += " metrics=" + address_text(config_.metrics.host, metrics_->port());
        return line + fmt::format(" pid={} data={}", ::getpid(), config_.data.dir.string());
    }

    Result<void> check() const override { return data_dir_->check(); }

    void stop(Deadline deadline) override {
        log_.info("stopping");
        if (health_) health_->set_phase(service::HealthService::Phase::draining);
        // Doors and agents wind down side by side: one waits for the other's answers.
        std::thread doors([&] {
            if (api_) io_->run_on(0, api_->stop(deadline));
        });
        if (dispatcher_) io_->run_on(dispatch_executor(), dispatcher_->stop(deadline));
        if (waker_) io_->run_on(dispatch_executor(), waker_->stop());
        await_short_requests(deadline);
        if (dialogs_) dialogs_->stop();
        if (queues_ != nullptr) queues_->stop();  // ends the waits of long polls
        doors.join();
        if (llm_) llm_->stop();                   // after all who ask it
        if (cluster_) cluster_->leave(deadline);  // what it leads goes to others
        if (metrics_) io_->run_on(0, metrics_->stop(deadline));
        log_.info("stopped");
    }

private:
    Result<void> listen();
    Result<void> open_database();
    Result<void> open_queues();
    Result<void> make_agents();
    Result<void> start_dispatcher();
    api::rest::StreamHandler stream_handler();
    std::vector<api::Door> doors();
    Result<void> open_doors();
    void await_short_requests(Deadline deadline) const;

    [[nodiscard]] std::size_t dispatch_executor() const { return io_->size() - 1; }

    const Config config_;
    const Roles roles_;
    Log log_;
    const std::string version_;
    const std::shared_ptr<const Clock> held_clock_;
    const Clock& clock_ = *held_clock_;
    MetricRegistry registry_;
    MetricRegistry metrics_door_registry_;  ///< keeps the scrapes out of the API's numbers
    std::unique_ptr<DataDir> data_dir_;
    std::unique_ptr<IoPool> io_;
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<access::Access> access_;
    conversations::Store conversations_;
    std::unique_ptr<service::MessageNames> message_names_;
    std::unique_ptr<CacheHome> cache_;
    std::unique_ptr<db::Database> queue_database_;
    std::unique_ptr<queue::Queues> own_queues_;
    std::unique_ptr<ClusterHome> cluster_;
    queue::Queues* queues_ = nullptr;  ///< of this daemon, or of the cluster
    std::unique_ptr<LlmHome> llm_;
    std::unique_ptr<agents::Waker> waker_;
    agents::ToolBox tools_;
    std::unique_ptr<agents::Runtime> agents_;
    std::unique_ptr<dispatch::Dispatcher> dispatcher_;
    std::unique_ptr<service::QueueService> queue_service_;
    std::unique_ptr<service::NamedQueueService> named_queue_service_;
    std::unique_ptr<service::OperatorService> operator_service_;
    std::unique_ptr<service::OutputService> output_service_;
    std::unique_ptr<service::LogService> log_service_;
    std::unique_ptr<DialogHome> dialogs_;
    std::unique_ptr<dispatch::Intake> intake_;
    std::unique_ptr<service::ChatService> chat_service_;
    std::unique_ptr<service::KeyService> key_service_;
    std::unique_ptr<service::EndpointService> endpoint_service_;
    std::unique_ptr<service::HealthService> health_;
    std::unique_ptr<net::Server> metrics_;
    std::unique_ptr<net::Server> api_;
};

Result<void> Services::listen() {
    BATON_TRY(auto opened, open_listeners(config_, *io_, registry_, metrics_door_registry_, log_));
    api_ = std::move(opened.api);
    metrics_ = std::move(opened.metrics);
    return {};
}

Result<void> Services::open_database() {
    database_ = make_database(config_.database, data_dir_->path(), log_.channel("db"));
    BATON_TRY_VOID(prepare_database(*database_, config_.database, data_dir_->path(), log_));
    BATON_TRY(
        const auto admin_key, access::load_or_create_admin_key(config_.access.admin_key_file));
    BATON_TRY(access_, access::make_access(*database_, admin_key, clock_,
                           {.refresh_interval = keys_refresh_interval(config_.database)}));
    BATON_TRY(conversations_,
        conversations::make_store(*database_, {.readers = config_.database.readers}));
    BATON_TRY(message_names_, service::make_db_names(*database_, clock_));
    return {};
}

Result<void> Services::open_queues() {
    if (config_.queue.store == StoreKind::jetstream) {
        cluster_ =
            make_cluster_home(config_, roles_, data_dir_->path(), *io_, clock_, registry_, log_);
        BATON_TRY_VOID(cluster_->join());
        queues_ = &cluster_->queues();
        return {};
    }
    BATON_TRY(auto opened, open_node_store(config_.queue.store, data_dir_->path(),
                               config_.queue.whole_segment_size()));
    queue_database_ = std::move(opened.database);
    queue::PipelineConfig pipeline;
    pipeline.memory_budget = config_.queue.memory_budget;
    BATON_TRY(own_queues_, queue::make_engine_queues(std::move(opened.store), pipeline, clock_,
                               registry_, log_.channel("queue")));
    queues_ = own_queues_.get();
    return {};
}

Result<void> Services::make_agents() {
    waker_ = std::make_unique<agents::Waker>(io_->executor(dispatch_executor()), *queues_, clock_);
    std::vector<AgentId> ids;
    for (const auto& agent : config_.agents) ids.push_back(agent.id);
    agents::add_built_in_tools(
        tools_, {.producer = *queues_,
                    .browser = *queues_,
                    .conversations = *conversations_.conversations,
                    .waker = *waker_,
                    .clock = clock_,
                    .agent_queue = QueueName(std::string(dispatch::llm_queue)),
                    .to_work_item = dispatch::to_work_item,
                    .agents = std::move(ids)});
    for (const auto& agent : config_.agents) {
        BATON_TRY_VOID(agents::check_tools(agent, tools_));
    }
    agents_ = agents::make_runtime(config_.agents,
        {.pool = llm_->pool(),
            .conversations = *conversations_.conversations,
            .writer = *conversations_.writer,
            .steps = *conversations_.steps,
            .tools = tools_,
            .clock = clock_,
            .summaries = conversations_.summaries.get()},
        log_.channel("agents"));
    return {};
}

Result<void> Services::start_dispatcher() {
    if (!roles_.scheduler) return {};
    auto config = config_.scheduler;
    config.chat_timeout = config_.openai.timeout;
    config.is_only_one = !cluster_;
    auto dispatcher = dispatch::make_dispatcher(io_->executor(dispatch_executor()), config,
        dispatch::DispatchDeps{.queues = *queues_,
            .runtime = *agents_,
            .conversations = *conversations_.conversations,
            .writer = *conversations_.writer,
            .clock = clock_,
            .pool = &llm_->pool()},
        registry_, log_.channel("dispatch"));
    BATON_TRY_VOID(io_->run_on(dispatch_executor(), dispatcher->start()));
    dispatcher_ = std::move(dispatcher);
    return {};
}

api::rest::StreamHandler Services::stream_handler() {
    const api::stream::StreamDeps deps{.queues = *queue_service_,
        .logs = *log_service_,
        .outputs = *output_service_,
        .metrics = registry_};
    return [door = api::stream::make_stream_door(deps, config_.stream)](
               access::Identity who, std::function<bool()> still_allowed, net::WebSocket& socket) {
        return door({.who = std::move(who), .still_allowed = std::move(still_allowed)}, socket);
    };
}

/// Those of other protocols on the port of the API.
std::vector<api::Door> Services::doors() {
    const api::krpc::KrpcDeps krpc{.access = *access_,
        .queues = *queue_service_,
        .operations = *operator_service_,
        .named = *named_queue_service_,
        .outputs = *output_service_,
        .logs = *log_service_,
        .clock = clock_,
        .metrics = registry_};
    return {api::openai::make_openai_door(*chat_service_, config_.openai),
        api::krpc::make_krpc_door(krpc, log_.channel("krpc")), api::docs::make_docs_door()};
}

Result<void> Services::open_doors() {
    queue_service_ = std::make_unique<service::QueueService>(*queues_);
    named_queue_service_ =
        std::make_unique<service::NamedQueueService>(*queue_service_, *message_names_);
    operator_service_ = std::make_unique<service::OperatorService>(*queues_);
    output_service_ = std::make_unique<service::OutputService>(*queues_);
    log_service_ = std::make_unique<service::LogService>(*queues_);
    dialogs_ = open_dialogs(
        config_, *queues_, conversations_, *agents_, *io_, dispatch_executor(), clock_, log_);
    intake_ = std::make_unique<dispatch::Intake>(
        *queues_, &llm_->pool(), clock_, config_.preprocessor, config_.scheduler.workers);
    chat_service_ = std::make_unique<service::ChatService>(*queues_, *intake_, llm_->pool(), clock_,
        service::UserAdmission(conversations_.users.get(), clock_, config_.conversations.users));
    key_service_ = std::make_unique<service::KeyService>(*access_);
    endpoint_service_ = std::make_unique<service::EndpointService>(llm_->pool());
    service::HealthParts parts;
    if (cluster_) parts.cluster = [this] { return cluster_->state(); };
    if (cache_->has_server()) parts.cache = [this] { return cache_->check(); };
    health_ = std::make_unique<service::HealthService>(
        *queues_, *conversations_.conversations, clock_, version_, std::move(parts));
    auto streams = stream_handler();
    const api::rest::RestDeps deps{.access = *access_,
        .queues = *queue_service_,
        .operations = *operator_service_,
        .outputs = *output_service_,
        .logs = *log_service_,
        .messages = dialogs_->messages(),
        .traces = dialogs_->traces(),
        .conversations = dialogs_->conversations(),
        .users = dialogs_->users(),
        .search = dialogs_->search(),
        .history = dialogs_->history(),
        .keys = *key_service_,
        .endpoints = *endpoint_service_,
        .health = *health_,
        .cache = cache_->cache(),
        .metrics = registry_,
        .stream = std::move(streams),
        .config = [this] { return masked_values(config_); },
        .doors = doors()};
    api_->start(
        api::rest::make_rest_handler(deps, rest_config(config_, roles_), log_.channel("rest")));
    if (metrics_) {
        const bool open = config_.metrics.is_public || is_loopback(config_.metrics.host);
        metrics_->start(
            make_metrics_door({.path = config_.metrics.path, .open = open}, *access_, registry_));
    }
    health_->set_phase(service::HealthService::Phase::running);
    DaemonRecord record{.url = "http://" + reach_text(config_.server.http.host, api_->port())};
    if (metrics_) record.metrics = reach_text(config_.metrics.host, metrics_->port());
    log_.info("serving", {{"url", record.url}, {"metrics", record.metrics}, {"version", version_}});
    return data_dir_->publish(record);
}

void Services::await_short_requests(Deadline deadline) const {
    const auto until = Deadline::after(short_request_grace).min(deadline);
    while (api_ && api_->connections() > 0 && !until.expired()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

}  // namespace

std::size_t thread_count(const Config& config) {
    const std::size_t wanted =
        config.server.threads != 0 ? config.server.threads : std::thread::hardware_concurrency();
    return std::clamp<std::size_t>(wanted, 1, threads_max);
}

std::unique_ptr<Daemon> make_daemon(Config config, Roles roles, std::shared_ptr<LogSink> sink,
    std::string version, std::shared_ptr<const Clock> clock) {
    return std::make_unique<Services>(
        std::move(config), roles, std::move(sink), std::move(version), std::move(clock));
}

}  // namespace baton::app

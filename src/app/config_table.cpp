#include "app/config_table.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/text.h"

namespace baton::app {
namespace {

constexpr double kib = 1024;
constexpr double mib = 1024 * kib;
constexpr double gib = 1024 * mib;
constexpr double second = 1000;
constexpr double minute = 60 * second;
constexpr double hour = 60 * minute;
constexpr double day = 24 * hour;

constexpr std::array<std::string_view, 6> later{
    "grpc", "studio", "bus", "triggers", "connectors", "server.tls"};

// One macro, so that a row reads as a row: KEY(server.http.port) is the accessor of that member.
#define BATON_MEMBER(path) ([](auto& object) -> auto& { return object.path; })
#define BATON_KEY(path, ...) key<Config, BATON_MEMBER(path)>(__VA_ARGS__)
#define BATON_SIZE(path, ...) size_key<Config, BATON_MEMBER(path)>(__VA_ARGS__)

constexpr std::array keys{
    BATON_KEY(server.http.host, "server.host",
        {.doc = "Address the HTTP API listens on. Every request needs a key, on any address.",
            .min = 1,
            .max = 255}),
    BATON_KEY(server.http.port, "server.port", {.doc = "Port of the HTTP API; 0: any free one."}),
    BATON_KEY(server.mode, "server.mode",
        {.doc = "`development` logs as text from level debug on, unless `logging` says otherwise.",
            .choices = mode_names}),
    BATON_KEY(server.threads, "server.threads",
        {.doc = "Threads that serve requests; 0: one for each core.", .max = 64}),
    BATON_KEY(server.http.connections_max, "server.connections_max",
        {.doc = "Open connections; one more is answered 503. Fewer when the process may not open "
                "so many files.",
            .min = 1,
            .max = 1e6}),
    BATON_SIZE(server.http.header_max, "server.header_max",
        {.doc = "Request line and header fields together; more is 431.", .min = kib, .max = mib}),
    BATON_SIZE(server.http.body_max, "server.body_max",
        {.doc = "Body of one request; more is 413.", .min = kib, .max = gib}),
    BATON_KEY(server.http.idle_timeout, "server.idle_timeout",
        {.doc = "A connection without a request is closed after it.", .min = second, .max = day}),
    BATON_KEY(server.http.request_timeout, "server.request_timeout",
        {.doc = "A request must have come in whole by then; else 408.", .min = 100, .max = hour}),
    BATON_KEY(server.http.write_timeout, "server.write_timeout",
        {.doc = "A client must have taken its answer by then.", .min = 100, .max = hour}),
    BATON_SIZE(server.http.web_socket.message_max, "server.websocket_message_max",
        {.doc = "One message over a WebSocket; more closes with 1009.", .min = kib, .max = gib}),
    BATON_SIZE(server.http.web_socket.unsent_max, "server.websocket_unsent_max",
        {.doc = "What may wait for a client that reads slowly; more closes with 1008.",
            .min = 64 * kib,
            .max = gib}),
    BATON_KEY(server.http.web_socket.ping_interval, "server.websocket_ping_interval",
        {.doc = "A WebSocket that was silent for this long is pinged.",
            .min = second,
            .max = hour}),
    BATON_KEY(server.http.web_socket.pong_timeout, "server.websocket_pong_timeout",
        {.doc = "… and cut off when nothing comes for so long after it.", .min = 100, .max = hour}),
    BATON_KEY(server.drain_timeout, "server.drain_timeout",
        {.doc = "After SIGTERM, work under way may finish until then; the rest goes back to its "
                "queue.",
            .max = hour}),
    BATON_KEY(stream.commands_max, "stream.commands_max",
        {.doc = "Commands of one /v1/stream that are not answered yet; then it is not read.",
            .min = 1,
            .max = 100'000}),
    BATON_SIZE(stream.command_bytes_max, "stream.command_bytes_max",
        {.doc = "Their bytes.", .min = 64 * kib, .max = gib}),
    BATON_KEY(stream.consumers_max, "stream.consumers_max",
        {.doc = "Consumers of one /v1/stream; one more is refused with `overloaded`.",
            .min = 1,
            .max = 10'000}),
    BATON_KEY(stream.credit_max, "stream.credit_max",
        {.doc = "Credit of one consumer; more is refused.", .min = 1, .max = 1e6}),
    BATON_KEY(stream.held_max, "stream.held_max",
        {.doc = "Leases that one /v1/stream holds; then nothing is pushed until some are settled.",
            .min = 1,
            .max = 1e6}),
    BATON_KEY(data.dir, "data.dir",
        {.doc = "Folder of everything durable; made with mode 0700 when missing. One daemon at a "
                "time.",
            .min = 1,
            .max = 4096}),
    BATON_KEY(database.kind, "database.kind",
        {.doc = "Where conversations and keys are kept: `sqlite` in `baton.db` in the data folder, "
                "`postgres` on a server that several daemons may share.",
            .choices = database_names}),
    BATON_KEY(database.migrate, "database.migrate",
        {.doc = "Bring the schema up to date at a start; otherwise a start with an older one is "
                "refused, and `baton migrate up` does it. A newer one is always refused."}),
    BATON_KEY(database.readers, "database.readers",
        {.doc = "Connections that read conversations side by side, each on a thread of its own. "
                "Five more: for what is written, keys, the LLM pool, and two for the ids of kRPC.",
            .min = 1,
            .max = 64}),
    BATON_KEY(database.postgres.host, "database.postgres.host",
        {.doc = "Name, address, or folder of a Unix socket. Several with commas between: the one "
                "that takes writes is used.",
            .min = 1,
            .max = 1024}),
    BATON_KEY(database.postgres.port, "database.postgres.port", {.doc = "Its port.", .min = 1}),
    BATON_KEY(database.postgres.user, "database.postgres.user",
        {.doc = "Who the daemon is there.", .min = 1, .max = 63}),
    BATON_KEY(database.postgres.password, "database.postgres.password",
        {.doc = "Empty: PGPASSWORD, or the user's `.pgpass`.", .max = 4096}),
    BATON_KEY(database.postgres.dbname, "database.postgres.dbname",
        {.doc = "The database, which must be there and in UTF-8.", .min = 1, .max = 63}),
    BATON_KEY(database.ssl_mode, "database.postgres.sslmode",
        {.doc = "TLS, in libpq's words: `verify-full` also makes sure who answers; means nothing "
                "on "
                "a Unix socket.",
            .choices = ssl_mode_names}),
    BATON_KEY(database.postgres.ca_file, "database.postgres.ca_file",
        {.doc = "Certificates of the authorities that are trusted, PEM, for `verify-ca` and "
                "`verify-full`; empty: `~/.postgresql/root.crt`.",
            .max = 4096}),
    BATON_KEY(database.postgres.cert_file, "database.postgres.cert_file",
        {.doc = "Certificate of this daemon, PEM; empty: none.", .max = 4096}),
    BATON_KEY(database.postgres.key_file, "database.postgres.key_file",
        {.doc = "Its key, PEM.", .max = 4096}),
    BATON_KEY(database.postgres.connect_timeout, "database.postgres.connect_timeout",
        {.doc = "One attempt to connect. Also how much longer than its time limit a statement may "
                "be silent before the server is taken to be gone.",
            .min = 10,
            .max = 10 * minute}),
    BATON_KEY(database.postgres.statement_timeout, "database.postgres.statement_timeout",
        {.doc = "One statement; steps of a migration have no limit.", .min = 100, .max = hour}),
    BATON_KEY(database.postgres.lock_timeout, "database.postgres.lock_timeout",
        {.doc = "A statement's wait for a row or table that another holds.",
            .min = 10,
            .max = hour}),
    BATON_KEY(database.start_timeout, "database.postgres.start_timeout",
        {.doc = "How long a start waits for a server that is not there.", .max = hour}),
    BATON_KEY(database.redis_address, "database.redis.addr",
        {.doc = "Host and port of the Redis of `cache.kind: redis`.", .min = 3, .max = 300}),
    BATON_KEY(database.redis.user, "database.redis.user",
        {.doc = "User of its access list; empty: the default one.", .max = 256}),
    BATON_KEY(
        database.redis.password, "database.redis.password", {.doc = "Its password.", .max = 4096}),
    BATON_KEY(database.redis.database, "database.redis.db",
        {.doc = "Number of the database there.", .max = 1023}),
    BATON_KEY(database.redis.pool_size, "database.redis.pool_size",
        {.doc = "Connections, each with a thread of its own.", .min = 1, .max = 64}),
    BATON_KEY(database.redis.connect_timeout, "database.redis.connect_timeout",
        {.doc = "One attempt to connect; the handshake of TLS has as long again.",
            .min = 10,
            .max = minute}),
    BATON_KEY(database.redis.command_timeout, "database.redis.command_timeout",
        {.doc = "One command and its answer.", .min = 10, .max = minute}),
    BATON_KEY(database.redis.tls.enabled, "database.redis.tls.enabled",
        {.doc = "Talk to Redis over TLS, and to nobody else than who has a certificate for it."}),
    BATON_KEY(database.redis.tls.ca_file, "database.redis.tls.ca_file",
        {.doc = "Certificates of the authorities that are trusted, PEM; empty: the system's.",
            .max = 4096}),
    BATON_KEY(database.redis.tls.cert_file, "database.redis.tls.cert_file",
        {.doc = "Certificate of this daemon, PEM; empty: none.", .max = 4096}),
    BATON_KEY(database.redis.tls.key_file, "database.redis.tls.key_file",
        {.doc = "Its key, PEM, without a passphrase.", .max = 4096}),
    BATON_KEY(database.redis.tls.server_name, "database.redis.tls.server_name",
        {.doc = "Name or address that the server's certificate must be of; empty: the host of "
                "`addr`.",
            .max = 253}),
    BATON_KEY(cache.kind, "cache.kind",
        {.doc = "Where idempotency keys and their answers are kept: in `memory` of this process, "
                "or in `redis`, which daemons may share.",
            .choices = cache_names}),
    BATON_KEY(cache.on_failure, "cache.on_failure",
        {.doc = "While Redis is away, a request with an idempotency key is refused (`fail`), or "
                "done without its protection (`skip`).",
            .choices = on_failure_names}),
    BATON_SIZE(cache.memory.bytes_max, "cache.memory_size",
        {.doc = "Of `memory`, at most; what was used longest ago goes first.",
            .min = 64 * kib,
            .max = 64 * gib}),
    BATON_KEY(cache.idempotency_ttl, "cache.idempotency_ttl",
        {.doc = "How long an idempotency key is remembered.", .min = second, .max = 30 * day}),
    BATON_KEY(queue.store, "queue.store",
        {.doc = "What keeps the queues: `sqlite` and `journal` (the faster one) are durable on "
                "this "
                "machine, `jetstream` in a NATS cluster that many daemons share, `memory` is gone "
                "with the process. Each keeps its own queues.",
            .choices = store_names}),
    BATON_SIZE(queue.memory_budget, "queue.memory_budget",
        {.doc = "Message bodies kept in memory at most; the others are read from the store.",
            .min = mib,
            .max = 1024 * gib}),
    BATON_SIZE(queue.segment_size, "queue.segment_size",
        {.doc = "Size of one file of the `journal` store; rounded up to 4 KiB.",
            .min = 64 * kib,
            .max = gib}),
    BATON_KEY(queue.sample_interval, "queue.sample_interval",
        {.doc = "How often the queues are looked at for what /api/v1/queues/stats says of the "
                "past. "
                "The last 1,440 looks are kept, and one an hour for a week.",
            .min = 100,
            .max = hour}),
    BATON_KEY(nats.servers, "nats.servers",
        {.doc = "Addresses of NATS servers, such as [\"nats://10.0.0.1:4222\"]; one that answers "
                "is "
                "enough to find the others."}),
    BATON_KEY(
        nats.user, "nats.user", {.doc = "User of the NATS account; empty: none.", .max = 256}),
    BATON_KEY(nats.password, "nats.password", {.doc = "Its password.", .max = 4096}),
    BATON_KEY(nats.replicas, "nats.replicas",
        {.doc = "Servers that keep each log: 3 or 5 survive the loss of one or two, 1 is for a "
                "single "
                "server.",
            .min = 1,
            .max = 5}),
    BATON_KEY(nats.tls, "nats.tls.enabled", {.doc = "Talk to NATS over TLS."}),
    BATON_KEY(nats.ca_file, "nats.tls.ca_file",
        {.doc = "Certificates of the authorities that are trusted, PEM; empty: the system's.",
            .max = 4096}),
    BATON_KEY(nats.cert_file, "nats.tls.cert_file",
        {.doc = "Certificate of this daemon, PEM; empty: none.", .max = 4096}),
    BATON_KEY(nats.key_file, "nats.tls.key_file", {.doc = "Its key, PEM.", .max = 4096}),
    BATON_KEY(cluster.name, "cluster.name",
        {.doc = "Daemons with the same name on the same NATS are one cluster.",
            .min = 1,
            .max = 32}),
    BATON_KEY(cluster.node, "cluster.node",
        {.doc = "Name of this daemon, which no other has; empty: one is made and kept in the data "
                "folder.",
            .max = 64}),
    BATON_KEY(cluster.partitions, "cluster.partitions",
        {.doc = "Parts that the queues are divided into, each led by one daemon. The same in all "
                "daemons; settled when the cluster is made.",
            .min = 1,
            .max = 256}),
    BATON_SIZE(cluster.log_size, "cluster.log_size",
        {.doc = "Log of one partition at most, before it is compressed; the NATS servers must have "
                "room for twice all of them.",
            .min = 16 * mib,
            .max = 1024 * gib}),
    BATON_KEY(cluster.join_timeout, "cluster.join_timeout",
        {.doc = "A start fails when by then NATS is not there or a partition has no leader.",
            .min = second,
            .max = hour}),
    BATON_KEY(cluster.open_timeout, "cluster.open_timeout",
        {.doc = "A partition that this daemon has not opened by then is left to another one. A log "
                "is read at the speed of the network: a larger one may need longer.",
            .min = second,
            .max = day}),
    BATON_KEY(llm.client.connections_max, "llm.connections_max",
        {.doc = "Connections to LLM endpoints at a time; further requests wait.",
            .min = 1,
            .max = 4096}),
    BATON_KEY(llm.client.connect_timeout, "llm.connect_timeout",
        {.doc = "Time to reach an endpoint.", .min = 10, .max = 10 * minute}),
    BATON_KEY(llm.client.stall_timeout, "llm.stall_timeout",
        {.doc = "An answer that brings no byte for this long is cut; 0ms: never.", .max = hour}),
    BATON_KEY(strategy, "scheduler.strategy",
        {.doc = "In which order work leaves the queue `llm`: the highest level first; levels by "
                "weight; users and tenants by weight; what expires first.",
            .choices = strategy_names}),
    BATON_KEY(preprocessor.base_score, "scheduler.base_score",
        {.doc = "Score of a message that matches no rule of `scheduler.rules`.", .max = 100}),
    BATON_KEY(preprocessor.realtime_from, "scheduler.realtime_from",
        {.doc = "Least score of level realtime.", .max = 101}),
    BATON_KEY(preprocessor.high_from, "scheduler.high_from",
        {.doc = "Least score of level high.", .max = 101}),
    BATON_KEY(preprocessor.normal_from, "scheduler.normal_from",
        {.doc = "Least score of level normal; what has less is low.", .max = 101}),
    BATON_KEY(scheduler.workers, "scheduler.workers",
        {.doc = "Runs at a time, of agents and of chats.", .min = 1, .max = 4096}),
    BATON_KEY(scheduler.workers_min, "scheduler.workers_min",
        {.doc = "Runs at a time that are left when models refuse or are slow.",
            .min = 1,
            .max = 4096}),
    BATON_KEY(scheduler.latency_target, "scheduler.latency_target",
        {.doc = "A run that takes longer makes fewer run at a time; 0ms: none does.",
            .max = 12 * hour}),
    BATON_KEY(scheduler.max_retries, "scheduler.max_retries",
        {.doc = "Failed runs after the first before a message is a dead letter.", .max = 1000}),
    BATON_KEY(
        scheduler.timeout, "scheduler.timeout", {.doc = "One run.", .min = 100, .max = 12 * hour}),
    BATON_KEY(scheduler.lease, "scheduler.lease",
        {.doc = "A worker that is lost for this long loses its message to another; live ones "
                "renew.",
            .min = second,
            .max = 12 * hour}),
    BATON_KEY(scheduler.retry.initial, "scheduler.retry_initial",
        {.doc = "Wait before the first retry.", .min = 1, .max = hour}),
    BATON_KEY(scheduler.retry.max, "scheduler.retry_max",
        {.doc = "No wait between retries is longer.", .min = 1, .max = day}),
    BATON_KEY(scheduler.retry.multiplier, "scheduler.retry_multiplier",
        {.doc = "Each wait is this many times the one before.", .min = 1, .max = 100}),
    BATON_KEY(scheduler.retry.jitter, "scheduler.retry_jitter",
        {.doc = "Share of a wait that is left to chance, so that retries do not come in waves.",
            .min = 0,
            .max = 1}),
    BATON_KEY(loadbalancer.algorithm, "loadbalancer.algorithm",
        {.doc = "How an endpoint is chosen among those that may take a request: in turn, in turn "
                "by "
                "weight, at random by weight, fewest requests under way, the better of two by "
                "expected wait, or the one where the conversation was before.",
            .choices = llm::algorithm_names}),
    BATON_KEY(loadbalancer.health_check_interval, "loadbalancer.health_check_interval",
        {.doc = "An endpoint that works is asked for its models this often; 0ms: never.",
            .max = day}),
    BATON_KEY(loadbalancer.probe_interval, "loadbalancer.probe_interval",
        {.doc = "… and one that does not, so often.", .min = 50, .max = hour}),
    BATON_KEY(loadbalancer.breaker.max_failures, "loadbalancer.max_failures",
        {.doc = "Failures in a row after which an endpoint gets no requests until a probe or a "
                "trial succeeds.",
            .min = 1,
            .max = 1000}),
    BATON_KEY(loadbalancer.slow_factor, "loadbalancer.slow_factor",
        {.doc = "An endpoint whose answers take this many times longer to begin than they used to, "
                "and half a second more, gets next to nothing while others do better; 0: that is "
                "not looked at.",
            .max = 1000}),
    BATON_KEY(loadbalancer.hedge, "loadbalancer.hedge",
        {.doc = "Ask a second endpoint when the first is silent for longer than 95 % of its "
                "answers "
                "took to begin; the one that begins first goes on. Costs its input tokens."}),
    BATON_KEY(conversations.idle_time, "conversations.idle_time",
        {.doc = "A conversation without `expires_at` ends, with its messages, when it was idle for "
                "so long; 0ms: never.",
            .max = 3650 * day}),
    BATON_KEY(conversations.sweep_interval, "conversations.sweep_interval",
        {.doc = "How often conversations that are over are deleted.", .min = 100, .max = day}),
    BATON_KEY(conversations.users.general.messages_per_minute, "users.messages_per_minute",
        {.doc = "Messages to agents that a user may send a minute unless the user's record or its "
                "tier says otherwise; 0: any number.",
            .max = 1e9}),
    BATON_KEY(conversations.users.general.messages_per_day, "users.messages_per_day",
        {.doc = "… and a UTC day.", .max = 1e9}),
    BATON_KEY(openai.mode, "openai.mode",
        {.doc = "How a chat of an OpenAI client goes that does not say `Baton-Mode`: through the "
                "queue, or to an endpoint at once.",
            .choices = api::openai::mode_names}),
    BATON_KEY(openai.timeout, "openai.timeout",
        {.doc = "One chat of an OpenAI client, from the model being asked to the end of its "
                "answer.",
            .min = second,
            .max = 12 * hour}),
    BATON_KEY(logging.level, "logging.level",
        {.doc = "Least level that is written.", .choices = log_level_names, .reloadable = true}),
    BATON_KEY(logging.format, "logging.format",
        {.doc = "One JSON object a line, or text for people.", .choices = log_format_names}),
    BATON_KEY(logging.output, "logging.output",
        {.doc = "`stdout`, `stderr`, or a file, which SIGHUP opens again (for logrotate).",
            .min = 1,
            .max = 4096}),
    BATON_KEY(metrics.enabled, "metrics.enabled",
        {.doc = "Serve Prometheus metrics on a port of their own."}),
    BATON_KEY(metrics.host, "metrics.host",
        {.doc = "Address of the metrics port.", .min = 1, .max = 255}),
    BATON_KEY(metrics.port, "metrics.port", {.doc = "Port of the metrics; 0: any free one."}),
    BATON_KEY(metrics.path, "metrics.path", {.doc = "Path of the metrics.", .min = 1, .max = 255}),
    BATON_KEY(metrics.is_public, "metrics.public",
        {.doc = "Answer metrics without a key everywhere. Otherwise only the metrics port does, "
                "on a loopback address."}),
    BATON_KEY(access.admin_key_file, "access.admin_key_file",
        {.doc = "File of the admin key, made with mode 0600 when missing; empty: `admin.key` in "
                "the data folder.",
            .max = 4096}),
    BATON_KEY(access.allowed_hosts, "access.allowed_hosts",
        {.doc = "Names a request's Host may carry; others are 403. Empty: localhost and "
                "loopback addresses while `server.host` is one, else any."}),
    BATON_KEY(access.allowed_origins, "access.allowed_origins",
        {.doc = "Origins of web pages that may call the API, such as "
                "[\"http://127.0.0.1:8090\"]."}),
};

}  // namespace

std::span<const Key<Config>> config_keys() noexcept { return keys; }
std::span<const std::string_view> later_keys() noexcept { return later; }

std::unexpected<Error> unknown_key(std::string_view where, std::string_view path,
    const std::vector<std::string_view>& candidates) {
    const auto split = path.rfind('.') + 1;  // 0 at the top
    const auto nearest = nearest_name(path.substr(split), candidates);
    auto text = fmt::format("{}: unknown key `{}`", where, path);
    if (nearest) text += fmt::format("; did you mean `{}{}`?", path.substr(0, split), *nearest);
    return fail_field(Errc::invalid_config, std::string(path), std::move(text));
}

std::unexpected<Error> unsupported_key(std::string_view where, std::string_view path) {
    return fail_field(Errc::unsupported, std::string(path),
        fmt::format("{}: `{}` is not supported in this version of Baton", where, path));
}

}  // namespace baton::app

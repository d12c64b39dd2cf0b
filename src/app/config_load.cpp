#include "app/config_load.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>

#include <fmt/core.h>
#include <fmt/ranges.h>

#include "app/config_endpoints.h"
#include "app/config_table.h"
#include "base/text.h"

namespace baton::app {
namespace {

std::unexpected<Error> refuse(std::string field, std::string what) {
    return fail_field(Errc::invalid_config, std::move(field), std::move(what));
}

Result<ConfigNode> read_file(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::error_code error;
    if (!in || std::filesystem::is_directory(file, error)) {
        return fail(Errc::invalid_config, fmt::format("cannot read `{}`", file.string()));
    }
    std::string text(ConfigDocumentLimits::bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return parse_document(text, file.string());
}

bool takes_list(std::string_view key) {
    const auto row = std::ranges::find(config_keys(), key, &Key<Config>::name);
    if (row != config_keys().end()) return row->kind == KeyKind::texts;
    return std::ranges::find(config_lists(), key, &ListKey::name) != config_lists().end();
}

/// "key=value" of one --set. A scalar stays the text it is; a list is read as JSON.
Result<void> apply_setting(ConfigNode& root, const std::string& setting) {
    const auto split = setting.find('=');
    if (split == std::string::npos || split == 0) {
        return refuse("", fmt::format("--set takes key=value, not `{}`", setting));
    }
    const auto path = setting.substr(0, split);
    const auto text = setting.substr(split + 1);
    const auto where = "--set " + path;
    ConfigNode value{.kind = ConfigNode::Kind::scalar, .text = text, .where = where};
    if (takes_list(path)) {
        BATON_TRY(value, parse_document(text, where));
        if (value.kind != ConfigNode::Kind::list) {
            return refuse(path, where + ": takes a JSON list, such as [{\"id\":\"assistant\"}]");
        }
    }
    return put_value(root, path, std::move(value));
}

/// What may stand directly under the section `path`, without the path.
std::vector<std::string_view> names_under(std::string_view path) {
    const auto prefix = path.empty() ? std::string() : std::string(path) + ".";
    std::set<std::string_view> names;
    const auto add = [&](std::string_view name) {
        if (!name.starts_with(prefix)) return;
        name.remove_prefix(prefix.size());
        names.insert(name.substr(0, name.find('.')));
    };
    for (const auto& row : config_keys()) add(row.name);
    for (const auto& list : config_lists()) add(list.name);
    return {names.begin(), names.end()};
}

/// Walks the tree against the table and fills `config`.
class Loader {
public:
    explicit Loader(Config& config) : config_(config) {}

    Result<void> section(const std::string& path, const ConfigNode& node) {
        if (node.kind == ConfigNode::Kind::null) return {};
        if (node.kind != ConfigNode::Kind::map) {
            const auto what = path.empty() ? "the document" : "`" + path + "`";
            return refuse(path, fmt::format("{}: {} must be a section with keys of its own ({})",
                                    node.where, what, fmt::join(names_under(path), ", ")));
        }
        for (const auto& [name, value] : node.members) {
            BATON_TRY_VOID(member(path.empty() ? name : path + "." + name, value));
        }
        return {};
    }

private:
    Result<void> member(const std::string& path, const ConfigNode& node) {
        const auto row = std::ranges::find(config_keys(), path, &Key<Config>::name);
        const auto list = std::ranges::find(config_lists(), path, &ListKey::name);
        const bool known = row != config_keys().end() || list != config_lists().end();
        if (!known) {
            const auto last =
                path.substr(0, path.rfind('.') == std::string::npos ? 0 : path.rfind('.'));
            if (std::ranges::find(later_keys(), path) != later_keys().end()) {
                return unsupported_key(node.where, path);
            }
            if (!names_under(path).empty()) return section(path, node);
            return unknown_key(node.where, path, names_under(last));
        }
        if (node.kind == ConfigNode::Kind::null) return {};  // `key:` alone keeps the default
        config_.given.push_back(path);
        return row != config_keys().end() ? row->read(config_, *row, node)
                                          : list->read(config_, *list, node);
    }

    Config& config_;
};

/// Given levels over the defaults, in the order of Level.
Result<void> settle_levels(Config& config) {
    const auto given = std::move(config.queue.levels);
    config.queue.levels = QueueSettings{}.levels;
    std::set<Level> seen;
    for (const auto& level : given) {
        if (!seen.insert(level.name).second) {
            return refuse("queue.levels",
                fmt::format("`queue.levels` names the level {} twice", to_string(level.name)));
        }
        auto& settled = config.queue.levels[static_cast<std::size_t>(level.name)];
        const std::uint32_t own_weight = settled.weight;
        settled = level;
        if (settled.weight == 0) settled.weight = own_weight;
    }
    return {};
}

Result<void> settle_agents(const Config& config) {
    if (config.agents.empty()) return refuse("agents", "`agents` must name at least one agent");
    std::set<std::string_view> ids;
    for (const auto& agent : config.agents) {
        if (!ids.insert(agent.id.view()).second) {
            return refuse(
                "agents", fmt::format("`agents` has two agents called `{}`", agent.id.text));
        }
        if (!is_served(config, agent.model)) {
            return refuse("agents",
                fmt::format("agent `{}` asks for the model `{}`, which no LLM endpoint serves "
                            "(`llm.endpoints[].models`)",
                    agent.id.text, agent.model));
        }
    }
    return {};
}

/// As records are matched, so by names that differ in more than case.
Result<void> settle_tiers(const Config& config) {
    const auto& tiers = config.conversations.users.tiers;
    if (tiers.size() > service::UserLimits::tiers_max) {
        return refuse("users.tiers", fmt::format("`users.tiers` names {} tiers; {} are the most",
                                         tiers.size(), service::UserLimits::tiers_max));
    }
    for (std::size_t i = 0; i < tiers.size(); ++i) {
        for (std::size_t before = 0; before < i; ++before) {
            if (!same_ignoring_case(tiers[before].name, tiers[i].name)) continue;
            return refuse(fmt::format("users.tiers[{}].name", i),
                fmt::format("`users.tiers` names the tier `{}` twice", tiers[i].name));
        }
    }
    return {};
}

/// Part of subjects and of names of streams.
bool is_token(std::string_view text) {
    return std::ranges::all_of(text, [](char letter) {
        return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '-' ||
               letter == '_';
    });
}

/// Of the section `tls`: a certificate comes with its key, and whoever names files and forgets the
/// switch must not go on in plain text.
Result<void> check_tls(const Config& config, const std::string& tls, const std::string& cert_file,
    const std::string& key_file) {
    const auto enabled = tls + ".enabled";
    if (!config.is_given(enabled)) {
        for (const auto* const name : {"ca_file", "cert_file", "key_file", "server_name"}) {
            const auto key = fmt::format("{}.{}", tls, name);
            if (!config.is_given(key)) continue;
            return refuse(
                key, fmt::format("`{}` is given, but not whether TLS is used: `{}`", key, enabled));
        }
    }
    if (cert_file.empty() == key_file.empty()) return {};
    return refuse(tls + ".key_file",
        fmt::format("`{0}.cert_file` and `{0}.key_file` belong together: give both or none", tls));
}

Result<void> settle_cluster(const Config& config) {
    if (!is_token(config.cluster.name)) {
        return refuse("cluster.name", "`cluster.name` takes letters, digits, - and _");
    }
    if (!is_token(config.cluster.node)) {
        return refuse("cluster.node", "`cluster.node` takes letters, digits, - and _");
    }
    if (config.nats.replicas % 2 == 0) {
        return refuse(
            "nats.replicas", "`nats.replicas` is 1, 3 or 5: an even number survives no more");
    }
    if (config.nats.servers.empty()) {
        return refuse("nats.servers", "`nats.servers` must name at least one server");
    }
    return check_tls(config, "nats.tls", config.nats.cert_file, config.nats.key_file);
}

/// A day's money is counted in the relational database, which daemons of a cluster share or not.
Result<void> check_money(const Config& config) {
    const bool is_counted_apart =
        config.queue.store == StoreKind::jetstream && config.database.kind == DatabaseKind::sqlite;
    if (!is_counted_apart) return {};
    const auto check = [](std::string_view list, const auto& owners) -> Result<void> {
        const auto found = std::ranges::find_if(
            owners, [](const auto& owner) { return owner.limits.cost_per_day > 0; });
        if (found == owners.end()) return {};
        const auto key = fmt::format("{}[{}].limits.cost_per_day", list, found - owners.begin());
        return refuse(key,
            fmt::format("`{}`: daemons of a cluster with SQLite do not know what the others spend; "
                        "a limit of money needs a database that they share (`database.kind: "
                        "postgres`)",
                key));
    };
    BATON_TRY_VOID(check("llm.endpoints", config.llm.endpoints));
    BATON_TRY_VOID(check("llm.models", config.loadbalancer.models));
    return check("llm.tenants", config.loadbalancer.tenants);
}

/// "localhost:6379", "[::1]:6379".
Result<void> settle_redis(Config& config) {
    std::string_view host = config.database.redis_address;
    const auto colon = host.rfind(':');
    const auto digits = colon == std::string_view::npos ? "" : host.substr(colon + 1);
    host = host.substr(0, colon);
    auto& port = config.database.redis.port;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0 || host.empty()) {
        return refuse("database.redis.addr",
            "`database.redis.addr` is a host and a port, such as localhost:6379");
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    config.database.redis.host = host;
    const auto& tls = config.database.redis.tls;
    return check_tls(config, "database.redis.tls", tls.cert_file, tls.key_file);
}

/// What keys mean to each other.
Result<void> settle(Config& config, const ConfigSources& sources) {
    BATON_TRY_VOID(settle_levels(config));
    BATON_TRY_VOID(settle_endpoints(config, sources));
    BATON_TRY_VOID(settle_agents(config));
    BATON_TRY_VOID(settle_tiers(config));
    BATON_TRY_VOID(settle_cluster(config));
    BATON_TRY_VOID(check_money(config));
    BATON_TRY_VOID(settle_redis(config));
    if (config.scheduler.retry.max < config.scheduler.retry.initial) {
        return refuse(
            "scheduler.retry_max", "`scheduler.retry_max` is below `scheduler.retry_initial`");
    }
    if (const auto good = dispatch::check_preprocessor(config.preprocessor); !good) {
        return refuse("scheduler." + good.error().field, good.error().detail);
    }
    if (config.scheduler.workers < config.scheduler.workers_min) {
        return refuse("scheduler.workers", "`scheduler.workers` is below `scheduler.workers_min`");
    }
    if (!config.metrics.path.starts_with('/')) {
        return refuse("metrics.path", "`metrics.path` must begin with /");
    }
    if (config.server.mode == Mode::development) {
        if (!config.is_given("logging.level")) config.logging.level = LogLevel::debug;
        if (!config.is_given("logging.format")) config.logging.format = LogFormat::text;
    }
    if (config.access.admin_key_file.empty()) {
        config.access.admin_key_file = config.data.dir / "admin.key";
    }
    return {};
}

}  // namespace

bool Config::is_given(std::string_view key) const { return std::ranges::binary_search(given, key); }

Result<Config> load_config(const ConfigSources& sources) {
    ConfigNode root{.kind = ConfigNode::Kind::map};
    if (sources.file) {
        BATON_TRY(root, read_file(*sources.file));
    }
    for (const auto& setting : sources.settings) {
        BATON_TRY_VOID(apply_setting(root, setting));
    }
    BATON_TRY_VOID(substitute_environment(root, sources.env));
    Config config;
    BATON_TRY_VOID(Loader(config).section("", root));
    std::ranges::sort(config.given);
    BATON_TRY_VOID(settle(config, sources));
    return config;
}

EnvLookup process_environment() {
    return [](std::string_view name) -> std::optional<std::string> {
        const char* value = std::getenv(std::string(name).c_str());
        return value == nullptr ? std::nullopt : std::optional<std::string>(value);
    };
}

}  // namespace baton::app

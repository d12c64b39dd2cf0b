#include "support/daemon.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "db/sqlite/sqlite_database.h"
#include "support/postgres_server.h"

namespace baton::test {
namespace {

/// Tests and programs are built into one folder.
std::filesystem::path program(std::string_view name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

bool sets(const DaemonOptions& options, std::string_view key) {
    return std::ranges::any_of(options.settings,
        [&](const std::string& setting) { return setting.starts_with(std::string(key) + "="); });
}

/// With BATON_TEST_DATABASE=postgres in the environment each data folder has a database on a real
/// server beside it, so that a suite runs on the other database as it stands.
bool is_on_postgres() {
    const char* const kind = std::getenv("BATON_TEST_DATABASE");
    if (kind == nullptr || *kind == '\0') return false;
    if (std::string_view(kind) == "postgres") return true;
    throw std::runtime_error("BATON_TEST_DATABASE: only `postgres` is known");
}

std::vector<std::string> database_settings(
    const DaemonOptions& options, const std::filesystem::path& data_dir) {
    if (!is_on_postgres() || sets(options, "database.kind")) return {};
    return PostgresServer::shared().settings_of(data_dir.string());
}

ProcessOptions process_options(const DaemonOptions& options, const std::filesystem::path& data_dir,
    const std::filesystem::path& scratch) {
    ProcessOptions result;
    result.program = program("batond");
    if (!options.config.empty()) {
        const auto file = scratch / "baton.yaml";
        std::ofstream(file) << options.config;
        result.arguments.insert(result.arguments.end(), {"--config", file});
    }
    const auto set = [&](const std::string& setting) {
        result.arguments.insert(result.arguments.end(), {"--set", setting});
    };
    if (!sets(options, "data.dir")) set("data.dir=" + data_dir.string());
    if (!sets(options, "server.port")) set("server.port=0");
    if (!sets(options, "metrics.port")) set("metrics.port=0");
    for (const auto& setting : database_settings(options, data_dir)) set(setting);
    for (const auto& setting : options.settings) set(setting);
    for (const auto& argument : options.arguments) result.arguments.push_back(argument);
    result.environment = {"OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OLLAMA_HOST=127.0.0.1:1"};
    for (const auto& entry : options.environment) result.environment.push_back(entry);
    result.directory = scratch;
    if (!options.launcher.empty()) {
        result.arguments.insert(result.arguments.begin(), result.program);
        result.arguments.insert(
            result.arguments.begin(), options.launcher.begin() + 1, options.launcher.end());
        result.program = options.launcher.front();
    }
    return result;
}

/// The value of `name=` in a ready line; empty when absent.
std::string field(const std::string& line, const std::string& name) {
    std::istringstream words(line);
    for (std::string word; words >> word;) {
        if (word.starts_with(name + "=")) return word.substr(name.size() + 1);
    }
    return {};
}

}  // namespace

std::unique_ptr<Daemon> Daemon::start(DaemonOptions options) {
    std::unique_ptr<Daemon> daemon(new Daemon);
    daemon->own_dir_ = std::make_unique<TempDir>();
    daemon->data_dir_ =
        options.data_dir.empty() ? daemon->own_dir_->path() / "data" : options.data_dir;
    daemon->options_ = std::move(options);
    daemon->launch();
    return daemon;
}

Finished Daemon::run(DaemonOptions options, std::chrono::milliseconds timeout) {
    const TempDir scratch;
    const auto data_dir = options.data_dir.empty() ? scratch.path() / "data" : options.data_dir;
    return run_process(process_options(options, data_dir, scratch.path()), timeout);
}

Daemon::~Daemon() = default;

void Daemon::launch() {
    process_ = std::make_unique<Process>(process_options(options_, data_dir_, own_dir_->path()));
    const auto line = process_->wait_line("ready ", options_.ready_timeout);
    if (!line) {
        process_->send_signal(SIGKILL);
        static_cast<void>(process_->wait_exit(std::chrono::seconds(10)));
        throw std::runtime_error("batond did not become ready\n--- stdout\n" + process_->out() +
                                 "--- stderr\n" + process_->err());
    }
    ready_line_ = *line;
    url_ = "http://" + field(*line, "http");
    metrics_ = field(*line, "metrics");
    std::ifstream(data_dir_ / "admin.key") >> admin_key_;
}

void Daemon::kill9() {
    process_->send_signal(SIGKILL);
    if (!process_->wait_exit(std::chrono::seconds(30))) {
        throw std::runtime_error("batond survived SIGKILL for 30 s");
    }
}

void Daemon::terminate() { process_->send_signal(SIGTERM); }

std::optional<Exit> Daemon::wait_exit(std::chrono::milliseconds timeout) {
    return process_->wait_exit(timeout);
}

void Daemon::restart() { launch(); }

std::unique_ptr<db::Database> database_of(const Daemon& daemon) {
    const auto& dir = daemon.data_dir();
    if (!is_on_postgres()) return db::make_sqlite_database({.file = dir / "baton.db"});
    return db::make_postgres_database(PostgresServer::shared().config_of(dir.string()));
}

Finished run_cli(const Daemon& daemon, std::vector<std::string> arguments, std::string input,
    std::chrono::milliseconds timeout) {
    ProcessOptions options;
    options.program = program("baton");
    options.arguments = std::move(arguments);
    options.environment = {
        "BATON_URL=" + daemon.url(), "BATON_KEY=" + daemon.admin_key(), "NO_COLOR=1"};
    options.input = std::move(input);
    return run_process(std::move(options), timeout);
}

}  // namespace baton::test

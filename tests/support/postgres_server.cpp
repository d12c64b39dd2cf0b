#include "support/postgres_server.h"

#include <csignal>
#include <pwd.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/core.h>

#include "support/eventually.h"
#include "support/free_port.h"

namespace baton::test {
namespace {

constexpr int launches_max = 5;
constexpr std::chrono::seconds patience{60};
constexpr const char* user = "baton";

/// Where Debian has the server's programs.
std::filesystem::path programs() {
    const std::filesystem::path versions("/usr/lib/postgresql");
    std::error_code ignored;
    for (const auto& version : std::filesystem::directory_iterator(versions, ignored)) {
        auto folder = version.path() / "bin";
        if (::access((folder / "postgres").c_str(), X_OK) == 0) return folder;
    }
    throw std::runtime_error("there is no PostgreSQL; scripts/install-deps.sh test installs it");
}

/// Gives the folder to the user that the server will be.
void give_to_postgres(const std::filesystem::path& folder) {
    if (::geteuid() != 0) return;
    const passwd* const owner = ::getpwnam("postgres");
    if (owner == nullptr || ::chown(folder.c_str(), owner->pw_uid, owner->pw_gid) != 0) {
        throw std::runtime_error("no user `postgres` to run the server as");
    }
}

}  // namespace

PostgresServer& PostgresServer::shared() {
    static PostgresServer server;
    return server;
}

PostgresServer::PostgresServer() {
    give_to_postgres(dir_.path());
    make_data();
    for (int tries = 1;; ++tries) {
        port_ = free_port();
        if (launch()) break;
        if (tries == launches_max) fail("the server ended at once");
    }
    make_database("baton");
}

void PostgresServer::make_database(const std::string& name) const {
    auto maintenance = config();
    maintenance.dbname = "postgres";
    const auto database = db::make_postgres_database(maintenance);
    const auto connection = database->connect();
    // As the guide has it: search wants to know letters beyond ASCII.
    const auto sql = fmt::format(
        "CREATE DATABASE {} ENCODING 'UTF8' LC_CTYPE 'C.UTF-8' TEMPLATE template0", name);
    if (!connection || !(*connection)->execute_script(sql)) {
        fail("no database could be made");
    }
}

PostgresServer::~PostgresServer() {
    if (process_) process_->send_signal(SIGQUIT);  // ends the sessions' processes too
    if (process_) static_cast<void>(process_->wait_exit(std::chrono::seconds(10)));
}

ProcessOptions PostgresServer::as_owner(
    const std::string& program, std::vector<std::string> arguments) const {
    auto path = (programs() / program).string();
    ProcessOptions options{.program = path, .environment = {"LC_ALL=C"}, .directory = dir_.path()};
    if (::geteuid() == 0) {
        options.program = "/usr/bin/setpriv";
        arguments.insert(arguments.begin(), {"--reuid=postgres", "--regid=postgres",
                                                "--clear-groups", "--pdeathsig=SIGQUIT", path});
    }
    options.arguments = std::move(arguments);
    return options;
}

void PostgresServer::make_data() const {
    const auto made =
        run_process(as_owner("initdb",
                        {"--pgdata=" + (dir_ / "data").string(), "--auth=trust", "--encoding=UTF8",
                            "--no-locale", "--no-sync", std::string("--username=") + user}),
            patience);
    if (made.exit != Exit{0, 0}) throw std::runtime_error("initdb: " + made.out + made.err);
}

/// False when it ended at once: somebody else has the port.
bool PostgresServer::launch() {
    process_ = std::make_unique<Process>(as_owner("postgres",
        {"-D", (dir_ / "data").string(), "-p", std::to_string(port_), "-k", dir_.path().string(),
            "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off",
            "-c", "shared_buffers=16MB", "-c", "max_connections=60"}));
    bool ended = false;
    const bool settled = eventually(
        [&] {
            ended = process_->wait_exit(std::chrono::milliseconds(0)).has_value();
            return ended || process_->err().contains("ready to accept connections");
        },
        patience);
    if (!settled) fail("the server does not get ready");
    return !ended;
}

db::PostgresConfig PostgresServer::config() const {
    return {
        .host = "127.0.0.1", .port = port_, .user = user, .dbname = "baton", .sslmode = "disable"};
}

std::vector<std::string> PostgresServer::settings() const {
    return {"database.kind=postgres", "database.postgres.host=127.0.0.1",
        fmt::format("database.postgres.port={}", port_), "database.postgres.sslmode=disable"};
}

db::PostgresConfig PostgresServer::config_of(const std::string& owner) {
    auto& name = databases_[owner];
    if (name.empty()) {
        auto fresh = fmt::format("baton_{}", databases_.size());
        make_database(fresh);
        name = std::move(fresh);
    }
    auto own = config();
    own.dbname = name;
    return own;
}

std::vector<std::string> PostgresServer::settings_of(const std::string& owner) {
    auto all = settings();
    all.push_back("database.postgres.dbname=" + config_of(owner).dbname);
    return all;
}

void PostgresServer::reset() {
    run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid();"
        "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
}

void PostgresServer::run(const std::string& sql) {
    const auto database = db::make_postgres_database(config());
    const auto connection = database->connect();
    if (!connection) fail(to_string(connection.error()));
    const auto done = (*connection)->execute_script(sql);
    if (!done) fail(to_string(done.error()));
}

void PostgresServer::kill() {
    process_->send_signal(SIGKILL);
    if (!process_->wait_exit(patience)) fail("the server survived SIGKILL");
    process_.reset();
}

void PostgresServer::stop() {
    process_->send_signal(SIGINT);
    if (!process_->wait_exit(patience)) fail("the server does not end");
    process_.reset();
}

void PostgresServer::start() {
    // The processes of a server that was killed notice it a moment later; until then their memory
    // is in use and the server refuses to start.
    if (!eventually([&] { return launch(); }, patience)) fail("the server does not start again");
}

void PostgresServer::fail(const std::string& what) const {
    throw std::runtime_error("postgres: " + what + "\n" + (process_ ? process_->err() : ""));
}

}  // namespace baton::test

#include "cli/cluster_nats.h"

#include <algorithm>
#include <chrono>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <fmt/core.h>

#include "cli/spawn.h"
#include "client/decode.h"
#include "model/codec.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

/// The file that both versions of jetstream.conf end up under.
constexpr std::string_view storage_name = "jetstream.conf";
constexpr std::string_view storage_name_29 = "jetstream-2.9.conf";

std::filesystem::path look_for_program(const Context& context) {
    std::istringstream folders(
        context.environment.variable("PATH").value_or("") + ":/usr/sbin:/usr/local/sbin");
    for (std::string folder; std::getline(folders, folder, ':');) {
        auto program = std::filesystem::path(folder) / "nats-server";
        if (!folder.empty() && ::access(program.c_str(), X_OK) == 0) return program;
    }
    return {};
}

/// What the program prints for --version: "nats-server: v2.9.10".
Result<std::string> ask_version(
    const std::filesystem::path& program, const std::filesystem::path& scratch) {
    BATON_TRY(auto process, spawn_daemon(program, {"--version"}, scratch));
    const auto deadline = Deadline::after(std::chrono::seconds(10));
    while (!process.has_ended() && !deadline.expired()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const auto text = process.log();
    std::error_code ignored;
    std::filesystem::remove(scratch, ignored);
    const auto mark = text.find(": v");
    if (mark == std::string::npos) {
        return fail(Errc::not_found, fmt::format("{} is no nats-server", program.string()));
    }
    return text.substr(mark + 3, text.find_first_of(" \n", mark + 3) - mark - 3);
}

bool at_least_2_10(const std::string& version) {
    std::istringstream in(version);
    int major = 0;
    int minor = 0;
    char dot = 0;
    in >> major >> dot >> minor;
    return major > 2 || (major == 2 && minor >= 10);
}

}  // namespace

Result<NatsProgram> find_nats_program(const Context& context, const std::filesystem::path& wanted,
    const std::filesystem::path& scratch) {
    const auto file = wanted.empty() ? look_for_program(context) : wanted;
    if (file.empty()) {
        return fail(Errc::not_found,
            "there is no nats-server; Debian's package is `nats-server`, --nats-server names "
            "another");
    }
    BATON_TRY(auto version, ask_version(file, scratch));
    const bool can_sync = at_least_2_10(version);
    return NatsProgram{.file = file, .version = std::move(version), .can_sync = can_sync};
}

Result<void> write_nats_configs(const ClusterFolder& folder, const NatsProgram& program) {
    const auto unwanted = program.can_sync ? storage_name_29 : storage_name;
    for (const auto& file : embedded_nats_configs()) {
        if (file.name == unwanted) continue;
        const auto name = file.name == storage_name_29 ? storage_name : file.name;
        BATON_TRY_VOID(folder.write(std::filesystem::path("nats") / name, file.text));
    }
    return {};
}

std::vector<std::string> nats_environment(
    const ClusterFolder& folder, const ClusterState& state, const ClusterProcess& node) {
    std::vector<std::string> result{
        "NATS_NAME=" + node.name,
        "NATS_HOST=127.0.0.1",
        fmt::format("NATS_PORT={}", node.port),
        fmt::format("NATS_HTTP=127.0.0.1:{}", node.monitor_port),
        // In quotes: a path may hold what the configuration's language reads otherwise.
        fmt::format("NATS_STORE_DIR=\"{}\"", (folder.path() / node.name).string()),
        "NATS_PASSWORD=" + state.password,
        "NATS_ADMIN_PASSWORD=" + state.admin_password,
        "NATS_SYS_PASSWORD=" + state.system_password,
        "NATS_CLUSTER_HOST=127.0.0.1",
        fmt::format("NATS_CLUSTER_PORT={}", node.route_port),
        "NATS_ROUTE_PASSWORD=" + state.route_password,
    };
    int number = 0;
    for (const auto& other : state.processes) {
        if (!other.is_nats()) continue;
        result.push_back(fmt::format("NATS_ROUTE_{}=nats-route://route:{}@127.0.0.1:{}", ++number,
            state.route_password, other.route_port));
    }
    return result;
}

NatsMonitors::NatsMonitors(const Environment& environment)
    : http_(environment.make_http_client()) {}

Result<net::Response> NatsMonitors::get(const ClusterProcess& node, std::string_view path) {
    net::ClientRequest request;
    request.url = fmt::format("http://127.0.0.1:{}{}", node.monitor_port, path);
    return pool_.run(http_->send(std::move(request), Deadline::after(std::chrono::seconds(2))));
}

std::optional<NatsReport> NatsMonitors::ask(const ClusterProcess& node) {
    const auto answer = get(node, "/jsz?accounts=true&streams=true");
    if (!answer) return std::nullopt;
    const auto value = parse_json(answer->body);
    if (!value || !value->is_object()) return std::nullopt;
    NatsReport report;
    const client::FieldReader fields(value->get_object());
    if (const auto* meta = fields.object("meta_cluster")) {
        report.meta_leader = client::FieldReader(*meta).text("leader");
    }
    const auto objects = [](const json::array* list) {
        std::vector<const json::object*> result;
        if (list == nullptr) return result;
        for (const auto& entry : *list) {
            if (entry.is_object()) result.push_back(&entry.get_object());
        }
        return result;
    };
    for (const auto* account : objects(fields.array("account_details"))) {
        for (const auto* stream : objects(client::FieldReader(*account).array("stream_detail"))) {
            const client::FieldReader detail(*stream);
            const auto* cluster = detail.object("cluster");
            ++report.stream_count;
            if (cluster != nullptr && client::FieldReader(*cluster).text("leader") == node.name) {
                report.leads.push_back(detail.text("name"));
            }
        }
    }
    std::ranges::sort(report.leads);
    const auto health = get(node, "/healthz");
    report.healthy = health && health->status == 200;
    return report;
}

}  // namespace baton::cli

#include "cli/cluster_folder.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <netinet/in.h>
#include <poll.h>
#include <random>
#include <sstream>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "client/decode.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::cli {
namespace {

namespace json = boost::json;

constexpr const char* state_name = "cluster.json";

std::unexpected<Error> unusable(const std::filesystem::path& file) {
    return fail(Errc::data_dir_unusable,
        fmt::format("cannot use {}: {}", file.string(), std::strerror(errno)));
}

/// Ticks from boot to the start of a process; 0 when there is none, or it only waits to be reaped.
std::uint64_t start_of(pid_t pid) {
    std::ifstream in(fmt::format("/proc/{}/stat", pid));
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto name_end = text.rfind(')');  // the name itself may hold anything
    if (name_end == std::string::npos) return 0;
    std::istringstream fields(text.substr(name_end + 1));
    std::string state;
    fields >> state;
    if (state == "Z" || state == "X") return 0;
    std::uint64_t value = 0;
    constexpr int start_time_field = 22;
    std::string skipped;
    for (int field = 4; field < start_time_field; ++field) fields >> skipped;
    fields >> value;
    return value;
}

/// A handle on a process that stays its own when the pid is given out again; -1 when it is gone.
int open_process(const ClusterProcess& process) {
    if (process.pid <= 0) return -1;
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process.pid, 0));
    if (handle >= 0 && start_of(process.pid) == process.started) return handle;
    if (handle >= 0) ::close(handle);
    return -1;
}

json::object to_json(const ClusterProcess& process) {
    json::object object{{"name", process.name}, {"pid", process.pid}, {"started", process.started},
        {"port", process.port}, {"monitor_port", process.monitor_port}};
    if (process.is_nats()) object["route_port"] = process.route_port;
    return object;
}

ClusterProcess process_from(const json::object& object) {
    const client::FieldReader fields(object);
    const auto port = [&](std::string_view name) {
        return static_cast<std::uint16_t>(fields.integer(name));
    };
    return {.name = fields.text("name"),
        .pid = static_cast<pid_t>(fields.integer("pid")),
        .started = static_cast<std::uint64_t>(fields.integer("started")),
        .port = port("port"),
        .monitor_port = port("monitor_port"),
        .route_port = port("route_port")};
}

bool is_free(std::uint16_t port) {
    const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;  // as servers do: connections that are gone do not count
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool good =
        ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(descriptor);
    return good;
}

}  // namespace

bool ClusterProcess::running() const { return pid > 0 && started != 0 && start_of(pid) == started; }

void ClusterProcess::set_pid(pid_t pid_in) {
    pid = pid_in;
    started = start_of(pid);
}

Result<void> ClusterProcess::send_signal(int signal) const {
    const int handle = open_process(*this);
    if (handle < 0) return fail(Errc::not_found, fmt::format("{} does not run", name));
    const bool sent = ::syscall(SYS_pidfd_send_signal, handle, signal, nullptr, 0) == 0;
    const int error = errno;
    ::close(handle);
    if (sent || error == ESRCH) return {};
    return fail(Errc::permission_denied, fmt::format("process {} belongs to another user", pid));
}

bool ClusterProcess::wait_end(Deadline deadline) const {
    const int handle = open_process(*this);
    if (handle < 0) return true;
    pollfd waiting{handle, POLLIN, 0};
    constexpr int look_interval_ms = 100;
    while (::poll(&waiting, 1, look_interval_ms) <= 0 && !deadline.expired()) {
    }
    ::close(handle);
    return (waiting.revents & POLLIN) != 0;
}

ClusterProcess* ClusterState::find(std::string_view name) {
    const auto found = std::ranges::find(processes, name, &ClusterProcess::name);
    return found == processes.end() ? nullptr : &*found;
}

Result<ClusterFolder> ClusterFolder::open(const std::filesystem::path& folder, bool make) {
    std::error_code error;
    if (!make && !std::filesystem::exists(folder / state_name, error)) {
        return fail(Errc::not_found, fmt::format("there is no cluster in {}", folder.string()));
    }
    if (std::filesystem::create_directories(folder, error)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    const auto file = folder / "cluster.lock";
    const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return unusable(file);
    ClusterFolder opened(std::filesystem::absolute(folder), lock);
    if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        return fail(Errc::data_dir_locked,
            fmt::format("another command is at work on {}", folder.string()));
    }
    return opened;
}

ClusterFolder::~ClusterFolder() {
    if (lock_ >= 0) ::close(lock_);
}

ClusterFolder::ClusterFolder(ClusterFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

Result<ClusterState> ClusterFolder::load() const {
    const auto file = path_ / state_name;
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return ClusterState{};
    std::ifstream in(file);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto value = parse_json(text);
    if (!value || !value->is_object()) {
        return fail(Errc::data_dir_unusable, fmt::format("{} cannot be read", file.string()));
    }
    const client::FieldReader fields(value->get_object());
    ClusterState state{.processes = {},
        .password = fields.text("password"),
        .admin_password = fields.text("admin_password"),
        .system_password = fields.text("system_password"),
        .route_password = fields.text("route_password")};
    const auto* const processes = fields.array("processes");
    if (processes == nullptr) return state;
    for (const auto& entry : *processes) {
        if (entry.is_object()) state.processes.push_back(process_from(entry.get_object()));
    }
    return state;
}

Result<void> ClusterFolder::save(const ClusterState& state) const {
    json::array processes;
    for (const auto& process : state.processes) processes.push_back(to_json(process));
    const json::object object{{"processes", std::move(processes)}, {"password", state.password},
        {"admin_password", state.admin_password}, {"system_password", state.system_password},
        {"route_password", state.route_password}};
    const std::string fresh = std::string(state_name) + ".new";
    BATON_TRY_VOID(write(fresh, json_text(object) + "\n"));
    if (std::rename((path_ / fresh).c_str(), (path_ / state_name).c_str()) != 0) {
        return unusable(path_ / state_name);
    }
    return {};
}

Result<void> ClusterFolder::write(const std::filesystem::path& name, std::string_view text) const {
    const auto file = path_ / name;
    std::error_code ignored;
    std::filesystem::create_directories(file.parent_path(), ignored);
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return unusable(file);
    bool good = true;
    while (good && !text.empty()) {
        const auto size = ::write(descriptor, text.data(), text.size());
        good = size > 0;
        if (good) text.remove_prefix(static_cast<std::size_t>(size));
    }
    const int error = errno;
    ::close(descriptor);
    errno = error;
    if (!good) return unusable(file);
    return {};
}

Result<std::uint16_t> free_port(std::vector<std::uint16_t>& taken) {
    std::mt19937 random(std::random_device{}());
    std::uniform_int_distribution<unsigned> ports(12'000, 31'999);
    for (int tries = 0; tries < 1'000; ++tries) {
        const auto port = static_cast<std::uint16_t>(ports(random));
        if (std::ranges::find(taken, port) != taken.end() || !is_free(port)) continue;
        taken.push_back(port);
        return port;
    }
    return fail(Errc::address_in_use, "no free port on 127.0.0.1");
}

std::string random_password() {
    std::random_device chance;
    std::string text = "p";
    for (int i = 0; i < 4; ++i) text += fmt::format("{:08x}", chance());
    return text;
}

}  // namespace baton::cli

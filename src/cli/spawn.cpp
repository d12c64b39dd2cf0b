#include "cli/spawn.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>

namespace baton::cli {
namespace {

constexpr std::size_t log_read_max = 1'048'576;

Result<int> open_log(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    std::error_code error;
    if (!folder.empty() && std::filesystem::create_directories(folder, error)) {
        std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    return fail(Errc::data_dir_unusable,
        fmt::format("cannot write the log file {}: {}", file.string(), std::strerror(errno)));
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

/// In the child: only async-signal-safe calls. Writes errno to `report` when the program cannot be
/// run.
[[noreturn]] void become(char* const* argv, char* const* envp, int log, int report) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    ::dup2(log, STDOUT_FILENO);
    ::dup2(log, STDERR_FILENO);
    ::execvpe(argv[0], argv, envp);
    const int error = errno;
    static_cast<void>(!::write(report, &error, sizeof error));
    ::_exit(127);
}

}  // namespace

std::string SpawnedDaemon::log() const {
    std::ifstream in(log_file, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(log_begin));
    std::string text(log_read_max, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    return text;
}

bool SpawnedDaemon::has_ended() {
    int status = 0;
    return ::waitpid(pid, &status, WNOHANG) != 0;
}

Result<SpawnedDaemon> spawn_daemon(const std::filesystem::path& program,
    std::vector<std::string> arguments, const std::filesystem::path& log_file,
    std::vector<std::string> environment) {
    BATON_TRY(const int log, open_log(log_file));
    std::error_code ignored;
    const auto size = std::filesystem::file_size(log_file, ignored);
    SpawnedDaemon daemon{.log_file = log_file, .log_begin = ignored ? 0 : size};
    arguments.insert(arguments.begin(), program.string());
    const auto argv = pointers(arguments);
    for (char** entry = environ; *entry != nullptr; ++entry) environment.emplace_back(*entry);
    const auto envp = pointers(environment);  // of two with one name the first counts

    std::array<int, 2> report{};
    const bool piped = ::pipe2(report.data(), O_CLOEXEC) == 0;
    daemon.pid = piped ? ::fork() : -1;
    if (daemon.pid == 0) become(argv.data(), envp.data(), log, report[1]);
    ::close(log);
    if (piped) ::close(report[1]);
    if (daemon.pid < 0) return fail(Errc::internal, fmt::format("fork: {}", std::strerror(errno)));
    int error = 0;
    const bool failed = ::read(report[0], &error, sizeof error) == sizeof error;
    ::close(report[0]);
    if (!failed) return daemon;
    static_cast<void>(daemon.has_ended());
    return fail(
        Errc::not_found, fmt::format("cannot run {}: {}", program.string(), std::strerror(error)));
}

}  // namespace baton::cli

#include "support/process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <future>
#include <mutex>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <thread>
#include <unistd.h>

extern char** environ;

namespace baton::test {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct Pipe {
    std::array<int, 2> ends{-1, -1};

    Pipe() {
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw std::system_error(errno, std::generic_category(), "pipe");
        }
    }
    ~Pipe() {
        close_end(0);
        close_end(1);
    }
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    void close_end(std::size_t end) {
        if (ends[end] >= 0) ::close(ends[end]);
        ends[end] = -1;
    }
};

std::vector<std::string> merged_environment(const std::vector<std::string>& changes) {
    std::vector<std::string> merged;
    const auto name_of = [](std::string_view entry) { return entry.substr(0, entry.find('=')); };
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const bool changed = std::ranges::any_of(
            changes, [&](const std::string& change) { return name_of(change) == name_of(*entry); });
        if (!changed) merged.emplace_back(*entry);
    }
    for (const auto& change : changes) {
        if (change.contains('=')) merged.push_back(change);
    }
    return merged;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

/// What the child needs, made before fork: after it only async-signal-safe calls are allowed.
struct Launch {
    std::vector<std::string> arguments;
    std::vector<std::string> environment;
    std::vector<char*> argv;
    std::vector<char*> envp;
    std::string directory;

    explicit Launch(const ProcessOptions& options)
        : environment(merged_environment(options.environment)), directory(options.directory) {
        arguments.push_back(options.program);
        arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
        argv = pointers(arguments);
        envp = pointers(environment);
    }

    [[noreturn]] void become(int in, int out, int err) const {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(in, STDIN_FILENO);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(err, STDERR_FILENO);
        if (!directory.empty() && ::chdir(directory.c_str()) != 0) ::_exit(126);
        ::execve(argv[0], argv.data(), envp.data());
        constexpr std::string_view text = "cannot execute the program\n";
        static_cast<void>(!::write(STDERR_FILENO, text.data(), text.size()));
        ::_exit(127);
    }
};

}  // namespace

struct Process::Impl {
    mutable std::mutex mutex;
    std::condition_variable changed;
    std::string out;
    std::string err;
    bool ended = false;  ///< both outputs are at their end
    pid_t pid = -1;
    int pid_fd = -1;
    std::optional<Exit> exit;
    std::thread reader;

    /// Forks and reads until both outputs end. The child dies with the thread that forked it
    /// (PDEATHSIG is per thread), so the thread lives as long as the child does.
    void run(const ProcessOptions& options, std::promise<void>& started) {
        try {
            Pipe in;
            Pipe output;
            Pipe errors;
            const Launch launch(options);
            const pid_t child = ::fork();
            if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
            if (child == 0) launch.become(in.ends[0], output.ends[1], errors.ends[1]);
            pid = child;
            pid_fd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
            in.close_end(0);
            output.close_end(1);
            errors.close_end(1);
            const std::string input = options.input;
            started.set_value();  // from here on `options` and `started` are gone
            write_all(in.ends[1], input);
            in.close_end(1);
            read_all(output.ends[0], errors.ends[0]);
            // A program may close its outputs a moment before it ends: leaving now would kill it.
            siginfo_t info{};
            static_cast<void>(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT));
        } catch (...) {
            started.set_exception(std::current_exception());
        }
    }

    static void write_all(int fd, std::string_view text) {
        while (!text.empty()) {
            const auto written = ::write(fd, text.data(), text.size());
            if (written <= 0) return;  // the child does not read: its business
            text.remove_prefix(static_cast<std::size_t>(written));
        }
    }

    void read_all(int out_fd, int err_fd) {
        std::array<pollfd, 2> fds{pollfd{out_fd, POLLIN, 0}, pollfd{err_fd, POLLIN, 0}};
        std::array<char, 65'536> buffer{};
        while (fds[0].fd >= 0 || fds[1].fd >= 0) {
            if (::poll(fds.data(), fds.size(), -1) < 0 && errno != EINTR) break;
            for (std::size_t i = 0; i < fds.size(); ++i) {
                if (fds[i].fd < 0 || fds[i].revents == 0) continue;
                const auto size = ::read(fds[i].fd, buffer.data(), buffer.size());
                if (size < 0 && errno == EINTR) continue;
                if (size <= 0) {
                    fds[i].fd = -1;
                    continue;
                }
                const std::lock_guard lock(mutex);
                (i == 0 ? out : err).append(buffer.data(), static_cast<std::size_t>(size));
                changed.notify_all();
            }
        }
        const std::lock_guard lock(mutex);
        ended = true;
        changed.notify_all();
    }
};

Process::Process(ProcessOptions options) : impl_(std::make_unique<Impl>()) {
    static const bool ignored = [] { return std::signal(SIGPIPE, SIG_IGN) != SIG_ERR; }();
    static_cast<void>(ignored);
    std::promise<void> started;
    auto outcome = started.get_future();
    impl_->reader =
        std::thread([impl = impl_.get(), &options, &started] { impl->run(options, started); });
    try {
        outcome.get();
    } catch (...) {
        impl_->reader.join();
        throw;
    }
}

Process::~Process() {
    if (!impl_->reader.joinable()) return;
    send_signal(SIGKILL);
    static_cast<void>(wait_exit(std::chrono::seconds(30)));
    if (impl_->reader.joinable()) impl_->reader.join();
    if (impl_->pid_fd >= 0) ::close(impl_->pid_fd);
}

pid_t Process::pid() const noexcept { return impl_->pid; }

std::optional<std::string> Process::wait_line(
    std::string_view prefix, std::chrono::milliseconds timeout) {
    const auto find = [&]() -> std::optional<std::string> {
        std::size_t begin = 0;
        for (std::size_t end = 0; (end = impl_->out.find('\n', begin)) != std::string::npos;
            begin = end + 1) {
            const auto line = std::string_view(impl_->out).substr(begin, end - begin);
            if (line.starts_with(prefix)) return std::string(line);
        }
        return std::nullopt;
    };
    std::unique_lock lock(impl_->mutex);
    std::optional<std::string> found;
    impl_->changed.wait_for(lock, timeout, [&] {
        found = find();
        return found || impl_->ended;
    });
    return found;
}

std::string Process::out() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->out;
}

std::string Process::err() const {
    const std::lock_guard lock(impl_->mutex);
    return impl_->err;
}

void Process::send_signal(int signal) {
    if (!impl_->exit) ::kill(impl_->pid, signal);  // not reaped yet, so the pid is still its own
}

std::optional<Exit> Process::wait_exit(std::chrono::milliseconds timeout) {
    if (impl_->exit) return impl_->exit;
    const auto end = SteadyClock::now() + timeout;
    pollfd waiting{impl_->pid_fd, POLLIN, 0};
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - SteadyClock::now());
        const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<long>(left.count(), 0)));
        if (ready > 0) break;
        if (ready == 0) return std::nullopt;
        if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
    }
    int status = 0;
    if (::waitpid(impl_->pid, &status, 0) != impl_->pid) {
        throw std::system_error(errno, std::generic_category(), "waitpid");
    }
    impl_->exit = WIFEXITED(status) ? Exit{WEXITSTATUS(status), 0} : Exit{-1, WTERMSIG(status)};
    std::unique_lock lock(impl_->mutex);  // a grandchild may hold the pipes: do not wait for ever
    const bool ended =
        impl_->changed.wait_for(lock, std::chrono::seconds(2), [&] { return impl_->ended; });
    lock.unlock();
    if (ended) impl_->reader.join();
    return impl_->exit;
}

Finished run_process(ProcessOptions options, std::chrono::milliseconds timeout) {
    Process process(std::move(options));
    auto exit = process.wait_exit(timeout);
    if (!exit) {
        process.send_signal(SIGKILL);
        exit = process.wait_exit(std::chrono::seconds(30));
    }
    return {.exit = exit.value_or(Exit{}), .out = process.out(), .err = process.err()};
}

}  // namespace baton::test

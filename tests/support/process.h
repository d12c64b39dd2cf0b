// A child process under test: what it prints is read as it comes, and it never outlives its owner.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace baton::test {

struct ProcessOptions {
    std::filesystem::path program;
    std::vector<std::string> arguments;
    std::vector<std::string>
        environment;  ///< "NAME=value", over the test's own; "NAME" alone removes it
    std::filesystem::path directory;  ///< working directory; empty: the test's own
    std::string input;                ///< given on standard input, which then ends
};

/// How a process ended.
struct Exit {
    int status = -1;  ///< exit status; -1 when a signal ended it
    int signal = 0;   ///< that signal; 0: none
    bool operator==(const Exit&) const = default;
};

/// One child. Use from one thread at a time. Destruction kills it (SIGKILL) and reaps it. Should
/// the test die first, the kernel kills the child.
class Process final {
public:
    /// Throws std::system_error when it cannot be started.
    explicit Process(ProcessOptions options);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] pid_t pid() const noexcept;

    /// The first line of standard output that begins with `prefix`, without its line end; nothing
    /// when the time is over or the output has ended.
    [[nodiscard]] std::optional<std::string> wait_line(
        std::string_view prefix, std::chrono::milliseconds timeout);

    /// Everything so far. After `wait_exit`: everything.
    [[nodiscard]] std::string out() const;
    [[nodiscard]] std::string err() const;

    /// Nothing happens when it has ended already.
    void send_signal(int signal);

    /// Waits for the end; nothing when the time is over.
    [[nodiscard]] std::optional<Exit> wait_exit(std::chrono::milliseconds timeout);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// What a program that ran to its end printed and how it ended.
struct Finished {
    Exit exit;
    std::string out;
    std::string err;
};

/// Runs a program to its end; killed when the time is over (`exit.signal` is SIGKILL then).
[[nodiscard]] Finished run_process(
    ProcessOptions options, std::chrono::milliseconds timeout = std::chrono::seconds(20));

}  // namespace baton::test

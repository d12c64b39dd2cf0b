// A daemon in this process, whose clock is the test's.
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/compose.h"
#include "app/config_load.h"
#include "support/temp_dir.h"

namespace baton::test {

/// Goes as the real one does, but begins at noon, so that no test meets midnight by chance. Safe to
/// use from any thread.
class NoonClock final : public Clock {
public:
    [[nodiscard]] TimePoint now() const override {
        const auto gone = std::chrono::floor<Duration>(real_.steady_now() - began_);
        return noon + gone + Duration(ahead_ms_.load());
    }
    [[nodiscard]] SteadyTime steady_now() const override { return real_.steady_now(); }

    /// Somebody sets the wall clock; no time passes.
    void step(Duration by) { ahead_ms_ += by.count(); }

private:
    static constexpr TimePoint noon{
        std::chrono::sys_days(std::chrono::January / 1 / 2026) + std::chrono::hours(12)};

    const SystemClock real_;
    const SteadyTime began_ = real_.steady_now();
    std::atomic<std::int64_t> ahead_ms_{0};
};

/// What a test asks of it is what it asks of a Daemon. Throws std::runtime_error when it does not
/// start.
class LocalDaemon final {
public:
    explicit LocalDaemon(std::vector<std::string> settings) : settings_(std::move(settings)) {
        settings_.insert(settings_.end(),
            {"data.dir=" + (dir_ / "data").string(), "server.port=0", "metrics.enabled=false"});
        start();
    }
    ~LocalDaemon() { stop(); }
    LocalDaemon(const LocalDaemon&) = delete;
    LocalDaemon& operator=(const LocalDaemon&) = delete;

    [[nodiscard]] const std::string& url() const noexcept { return url_; }
    [[nodiscard]] const std::string& admin_key() const noexcept { return admin_key_; }
    [[nodiscard]] NoonClock& clock() noexcept { return *clock_; }

    void restart() {
        stop();
        start();
    }

private:
    void start() {
        auto config = app::load_config({.settings = settings_, .env = nothing_set});
        if (!config) throw std::runtime_error(to_string(config.error()));
        daemon_ = app::make_daemon(*std::move(config), app::Roles{}, nullptr, "test", clock_);
        const auto started = daemon_->start();
        if (!started) throw std::runtime_error(to_string(started.error()));
        const std::string line = daemon_->ready_line();
        const auto address = line.substr(line.find("http=") + 5);
        url_ = "http://" + address.substr(0, address.find(' '));
        std::ifstream file(dir_ / "data/admin.key");
        file >> admin_key_;
    }
    void stop() { std::exchange(daemon_, nullptr)->stop(Deadline::after(std::chrono::seconds(5))); }

    static std::optional<std::string> nothing_set(std::string_view) { return std::nullopt; }

    TempDir dir_;
    std::vector<std::string> settings_;
    std::shared_ptr<NoonClock> clock_ = std::make_shared<NoonClock>();
    std::unique_ptr<app::Daemon> daemon_;
    std::string url_;
    std::string admin_key_;
};

}  // namespace baton::test

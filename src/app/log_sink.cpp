#include "app/log_sink.h"

#include <atomic>
#include <mutex>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

namespace baton::app {
namespace {

using SinkPtr = std::shared_ptr<spdlog::sinks::sink>;

Result<SinkPtr> open_output(const std::string& output) {
    SinkPtr sink;
    try {
        if (output == "stdout") {
            sink = std::make_shared<spdlog::sinks::stdout_sink_st>();
        } else if (output == "stderr") {
            sink = std::make_shared<spdlog::sinks::stderr_sink_st>();
        } else {
            sink = std::make_shared<spdlog::sinks::basic_file_sink_st>(output);
        }
    } catch (const spdlog::spdlog_ex& error) {
        return fail_field(Errc::invalid_config, "logging.output",
            std::string("`logging.output`: ") + error.what());
    }
    sink->set_formatter(
        std::make_unique<spdlog::pattern_formatter>("%v", spdlog::pattern_time_type::utc, "\n"));
    return sink;
}

class SpdlogSink final : public DaemonLogSink {
public:
    SpdlogSink(LogSettings settings, SinkPtr sink)
        : settings_(std::move(settings)), level_(settings_.level), sink_(std::move(sink)) {}

    bool enabled(LogLevel level) const noexcept override {
        return level >= level_.load(std::memory_order_relaxed);
    }

    void write(LogLevel level, std::string_view channel, std::string_view message,
        std::span<const LogField> fields) noexcept override {
        try {
            put({SystemClock().now(), level, channel, message, fields});
            if (const std::int64_t lost = lost_.exchange(0); lost != 0) {
                const LogField count("count", lost);
                put({SystemClock().now(), LogLevel::warn, "app", "log lines lost", {&count, 1}});
            }
        } catch (const std::exception&) {
            lost_.fetch_add(1);  // told when lines can be written again
        }
    }

    void set_level(LogLevel level) noexcept override {
        level_.store(level, std::memory_order_relaxed);
    }

    Result<void> reopen() override {
        BATON_TRY(auto fresh, open_output(settings_.output));
        const std::lock_guard lock(mutex_);
        sink_ = std::move(fresh);
        return {};
    }

private:
    void put(const LogLine& line) {
        const auto text =
            settings_.format == LogFormat::json ? to_json_line(line) : to_text_line(line);
        const spdlog::details::log_msg entry({}, spdlog::level::info, text);
        const std::lock_guard lock(mutex_);
        sink_->log(entry);
        sink_->flush();
    }

    const LogSettings settings_;
    std::atomic<LogLevel> level_;
    std::atomic<std::int64_t> lost_ = 0;
    std::mutex mutex_;
    SinkPtr sink_;
};

}  // namespace

Result<std::shared_ptr<DaemonLogSink>> make_log_sink(const LogSettings& settings) {
    BATON_TRY(auto sink, open_output(settings.output));
    return std::make_shared<SpdlogSink>(settings, std::move(sink));
}

}  // namespace baton::app

// Where log lines go: JSON or text, to a stream or a file, over spdlog.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "app/config.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"

namespace baton::app {

/// The daemon's sink. Safe to use from any thread. A line that cannot be written is lost: logging
/// must not stop work.
class DaemonLogSink : public LogSink {
public:
    virtual void set_level(LogLevel level) noexcept = 0;
    /// Opens a log file again (after logrotate moved it); a stream stays. Fails: invalid_config.
    [[nodiscard]] virtual Result<void> reopen() = 0;
};

/// Fails: invalid_config when the file cannot be opened.
[[nodiscard]] Result<std::shared_ptr<DaemonLogSink>> make_log_sink(const LogSettings& settings);

/// One line as it is written, without its end.
struct LogLine {
    TimePoint at{};
    LogLevel level = LogLevel::info;
    std::string_view channel;
    std::string_view message;
    std::span<const LogField> fields;
};

/// {"time":"…","level":"info","channel":"…","message":"…", fields…}. Bytes that are not UTF-8
/// become "?".
[[nodiscard]] std::string to_json_line(const LogLine& line);

/// 2026-01-31T10:30:00.123Z INFO  channel: message key=value key="with space"
[[nodiscard]] std::string to_text_line(const LogLine& line);

}  // namespace baton::app

// Logging for every module: a constant message and its facts as fields. Where lines go is app/'s
// matter.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace baton {

/// error: someone must act; warn: we coped; info: lifecycle; debug: per message.
enum class LogLevel : std::uint8_t { debug, info, warn, error, off };

/// One fact of a line. Holds views: use it within the full expression only.
struct LogField {
    using Value = std::variant<std::int64_t, double, bool, std::string_view>;
    std::string_view key;
    Value value;

    LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
    LogField(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
    LogField(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
    LogField(std::string_view k, bool v) : key(k), value(v) {}
    LogField(std::string_view k, double v) : key(k), value(v) {}
    template <class Integer>
        requires std::is_integral_v<Integer>
    LogField(std::string_view k, Integer v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

/// Where lines go. Implementations are safe to call from any thread and do not throw.
class LogSink {
public:
    virtual ~LogSink() = default;
    [[nodiscard]] virtual bool enabled(LogLevel level) const noexcept = 0;
    virtual void write(LogLevel level, std::string_view channel, std::string_view message,
        std::span<const LogField> fields) noexcept = 0;
};

/// A module's voice. Cheap to copy; silent without a sink. Pure code has none.
class Log {
public:
    Log() = default;
    Log(std::shared_ptr<LogSink> sink, std::string channel)
        : sink_(std::move(sink)), channel_(std::move(channel)) {}

    /// The same sink under another channel name.
    [[nodiscard]] Log channel(std::string name) const { return {sink_, std::move(name)}; }

    void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::debug, message, fields);
    }
    void info(std::string_view message, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::info, message, fields);
    }
    void warn(std::string_view message, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::warn, message, fields);
    }
    void error(std::string_view message, std::initializer_list<LogField> fields = {}) const {
        write(LogLevel::error, message, fields);
    }

private:
    void write(
        LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
        if (sink_ && sink_->enabled(level)) {
            sink_->write(level, channel_, message, {fields.begin(), fields.size()});
        }
    }

    std::shared_ptr<LogSink> sink_;
    std::string channel_;
};

}  // namespace baton

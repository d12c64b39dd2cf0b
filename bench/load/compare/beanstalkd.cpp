// beanstalkd in its own protocol; the commands of a batch go out together.
#include <charconv>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "socket.h"
#include "system.h"

namespace baton::bench {
namespace {

class BeanstalkProducer final : public Producer {
public:
    explicit BeanstalkProducer(const Target& target) : socket_(target.host, target.port) {}

    void post(std::span<const std::string> bodies) override {
        commands_.clear();
        for (const auto& body : bodies) {
            fmt::format_to(
                std::back_inserter(commands_), "put 0 0 60 {}\r\n{}\r\n", body.size(), body);
        }
        socket_.write(commands_);
        for (std::size_t i = 0; i < bodies.size(); ++i) {
            const auto line = socket_.line();
            if (!line.starts_with("INSERTED ")) throw Fault("put: " + std::string(line));
        }
    }

private:
    Socket socket_;
    std::string commands_;
};

class BeanstalkConsumer final : public Consumer {
public:
    explicit BeanstalkConsumer(const Target& target) : socket_(target.host, target.port) {}

    std::size_t take(std::size_t max, const Sink& sink) override {
        std::string commands;
        for (std::size_t i = 0; i < max; ++i) commands += "reserve-with-timeout 0\r\n";
        socket_.write(commands);
        commands.clear();
        std::size_t count = 0;
        for (std::size_t i = 0; i < max; ++i) {
            const std::string line(socket_.line());
            if (line == "TIMED_OUT") continue;
            if (!line.starts_with("RESERVED ")) throw Fault("reserve: " + line);
            const auto space = line.find(' ', 9);
            std::size_t size = 0;
            std::from_chars(line.data() + space + 1, line.data() + line.size(), size);
            sink(socket_.bytes(size + 2).substr(0, size));
            commands += fmt::format("delete {}\r\n", line.substr(9, space - 9));
            ++count;
        }
        socket_.write(commands);
        for (std::size_t i = 0; i < count; ++i) {
            const auto line = socket_.line();
            if (line != "DELETED") throw Fault("delete: " + std::string(line));
        }
        return count;
    }

private:
    Socket socket_;
};

class Beanstalkd final : public System {
public:
    explicit Beanstalkd(Target target) : target_(std::move(target)) {}

    void prepare() override {}
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<BeanstalkProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t) override {
        return std::make_unique<BeanstalkConsumer>(target_);
    }
    std::uint64_t held() override {
        Socket socket(target_.host, target_.port);
        socket.write("stats-tube default\r\n");
        const std::string head(socket.line());
        if (!head.starts_with("OK ")) throw Fault("stats-tube: " + head);
        std::size_t size = 0;
        std::from_chars(head.data() + 3, head.data() + head.size(), size);
        const auto stats = socket.bytes(size);
        return number_after(stats, "current-jobs-ready: ") +
               number_after(stats, "current-jobs-reserved: ");
    }

private:
    static std::uint64_t number_after(std::string_view text, std::string_view mark) {
        const auto at = text.find(mark);
        if (at == std::string_view::npos) throw Fault("stats without " + std::string(mark));
        std::uint64_t number = 0;
        std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), number);
        return number;
    }

    Target target_;
};

}  // namespace

std::unique_ptr<System> make_beanstalkd(Target target) {
    return std::make_unique<Beanstalkd>(std::move(target));
}

}  // namespace baton::bench

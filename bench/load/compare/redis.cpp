// A Redis stream with one consumer group, through hiredis: the commands of a batch in one pipeline.
// A message taken is acknowledged and deleted, as the other systems drop it.
#include <hiredis/hiredis.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "system.h"

namespace baton::bench {
namespace {

constexpr const char* stream = "bench";

struct FreeReply {
    void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

class Link final {
public:
    explicit Link(const Target& target) : context_(redisConnect(target.host.c_str(), target.port)) {
        if (context_ == nullptr || context_->err != 0) throw Fault("cannot connect to Redis");
    }
    ~Link() { redisFree(context_); }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    void send(const std::vector<std::string_view>& words) {
        std::vector<const char*> texts;
        std::vector<std::size_t> sizes;
        for (const auto word : words) {
            texts.push_back(word.data());
            sizes.push_back(word.size());
        }
        if (redisAppendCommandArgv(
                context_, static_cast<int>(words.size()), texts.data(), sizes.data()) != REDIS_OK) {
            throw Fault("append: " + std::string(context_->errstr));
        }
    }

    Reply receive() {
        void* reply = nullptr;
        if (redisGetReply(context_, &reply) != REDIS_OK) {
            throw Fault("reply: " + std::string(context_->errstr));
        }
        Reply owned(static_cast<redisReply*>(reply));
        if (owned->type == REDIS_REPLY_ERROR) throw Fault("redis: " + std::string(owned->str));
        return owned;
    }

    Reply call(const std::vector<std::string_view>& words) {
        send(words);
        return receive();
    }

private:
    redisContext* context_;
};

class RedisProducer final : public Producer {
public:
    explicit RedisProducer(const Target& target) : link_(target) {}

    void post(std::span<const std::string> bodies) override {
        for (const auto& body : bodies) link_.send({"XADD", stream, "*", "b", body});
        for (std::size_t i = 0; i < bodies.size(); ++i) link_.receive();
    }

private:
    Link link_;
};

class RedisConsumer final : public Consumer {
public:
    RedisConsumer(const Target& target, std::size_t number)
        : link_(target), name_(fmt::format("c{}", number)) {}

    std::size_t take(std::size_t max, const Sink& sink) override {
        const auto count = std::to_string(max);
        const auto reply = link_.call({"XREADGROUP", "GROUP", "workers", name_, "COUNT", count,
            "BLOCK", "100", "STREAMS", stream, ">"});
        if (reply->type == REDIS_REPLY_NIL || reply->elements == 0) return 0;
        // [[stream, [[id, [field, body]], …]]]
        const redisReply* entries = reply->element[0]->element[1];
        std::vector<std::string_view> ack{"XACK", stream, "workers"};
        std::vector<std::string_view> remove{"XDEL", stream};
        for (std::size_t i = 0; i < entries->elements; ++i) {
            const redisReply* entry = entries->element[i];
            const redisReply* body = entry->element[1]->element[1];
            sink({body->str, body->len});
            ack.emplace_back(entry->element[0]->str, entry->element[0]->len);
            remove.push_back(ack.back());
        }
        link_.send(ack);
        link_.send(remove);
        const auto expected = static_cast<long long>(entries->elements);
        for (const char* what : {"XACK", "XDEL"}) {
            if (link_.receive()->integer != expected)
                throw Fault(std::string(what) + " missed one");
        }
        return entries->elements;
    }

private:
    Link link_;
    std::string name_;
};

class Redis final : public System {
public:
    explicit Redis(Target target) : target_(std::move(target)), link_(target_) {}

    void prepare() override {
        link_.call({"XGROUP", "CREATE", stream, "workers", "$", "MKSTREAM"});
    }
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<RedisProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t) override {
        return std::make_unique<RedisConsumer>(target_, consumers_++);
    }
    std::uint64_t held() override {
        return static_cast<std::uint64_t>(link_.call({"XLEN", stream})->integer);
    }

private:
    Target target_;
    Link link_;
    std::size_t consumers_ = 0;
};

}  // namespace

std::unique_ptr<System> make_redis(Target target) {
    return std::make_unique<Redis>(std::move(target));
}

}  // namespace baton::bench

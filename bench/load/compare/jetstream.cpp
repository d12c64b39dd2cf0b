// NATS JetStream through cnats: a file stream with work queue retention, asynchronous publishing
// with the acknowledgements of a batch awaited together, pull fetches.
#include <memory>
#include <nats/nats.h>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "system.h"

namespace baton::bench {
namespace {

constexpr const char* stream_name = "BENCH";
constexpr const char* subject = "bench.posts";
constexpr const char* consumer_name = "workers";
constexpr int fetch_wait_ms = 100;

void must(natsStatus status, std::string_view what, int code = 0) {
    if (status != NATS_OK) {
        throw Fault(fmt::format("{}: {} ({})", what, natsStatus_GetText(status), code));
    }
}

/// A connection and its JetStream context.
class Link final {
public:
    explicit Link(const Target& target) {
        const auto url = fmt::format("nats://{}:{}", target.host, target.port);
        must(natsConnection_ConnectTo(&connection_, url.c_str()), "connect");
        jsOptions options;
        must(jsOptions_Init(&options), "options");
        options.Wait = 30'000;
        options.PublishAsync.ErrHandler = [](jsCtx*, jsPubAckErr*, void* failed) {
            *static_cast<bool*>(failed) = true;
        };
        options.PublishAsync.ErrHandlerClosure = &failed_;
        must(natsConnection_JetStream(&context_, connection_, &options), "jetstream");
    }
    ~Link() {
        jsCtx_Destroy(context_);
        natsConnection_Destroy(connection_);
    }
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    jsCtx* context() const { return context_; }
    natsConnection* connection() const { return connection_; }
    bool failed() const { return failed_; }

private:
    natsConnection* connection_ = nullptr;
    jsCtx* context_ = nullptr;
    bool failed_ = false;
};

class JetStreamProducer final : public Producer {
public:
    explicit JetStreamProducer(const Target& target) : link_(target) {}

    void post(std::span<const std::string> bodies) override {
        if (bodies.size() == 1) return post_one(bodies.front());
        for (const auto& body : bodies) {
            must(js_PublishAsync(
                     link_.context(), subject, body.data(), static_cast<int>(body.size()), nullptr),
                "publish");
        }
        must(js_PublishAsyncComplete(link_.context(), nullptr), "acknowledgements");
        if (link_.failed()) throw Fault("a message was not acknowledged");
    }

private:
    void post_one(const std::string& body) {
        jsErrCode code{};
        must(js_Publish(nullptr, link_.context(), subject, body.data(),
                 static_cast<int>(body.size()), nullptr, &code),
            "publish", code);
    }

    Link link_;
};

class JetStreamConsumer final : public Consumer {
public:
    explicit JetStreamConsumer(const Target& target) : link_(target) {
        jsSubOptions options;
        must(jsSubOptions_Init(&options), "options");
        options.Stream = stream_name;
        options.Consumer = consumer_name;
        jsErrCode code{};
        must(js_PullSubscribe(
                 &subscription_, link_.context(), subject, consumer_name, nullptr, &options, &code),
            "subscribe", code);
    }
    ~JetStreamConsumer() override { natsSubscription_Destroy(subscription_); }

    std::size_t take(std::size_t max, const Sink& sink) override {
        natsMsgList list{};
        jsErrCode code{};
        const auto status = natsSubscription_Fetch(
            &list, subscription_, static_cast<int>(max), fetch_wait_ms, &code);
        if (status == NATS_TIMEOUT) return 0;
        must(status, "fetch", code);
        for (int i = 0; i < list.Count; ++i) {
            natsMsg* message = list.Msgs[i];
            sink({natsMsg_GetData(message),
                static_cast<std::size_t>(natsMsg_GetDataLength(message))});
            must(natsMsg_Ack(message, nullptr), "ack");
        }
        const auto count = static_cast<std::size_t>(list.Count);
        natsMsgList_Destroy(&list);
        // The server does not answer an ack; that it has read them is what a flush can tell.
        must(natsConnection_Flush(link_.connection()), "flush");
        return count;
    }

private:
    Link link_;
    natsSubscription* subscription_ = nullptr;
};

class JetStream final : public System {
public:
    explicit JetStream(Target target) : target_(std::move(target)), link_(target_) {}

    void prepare() override {
        jsStreamConfig stream;
        must(jsStreamConfig_Init(&stream), "stream");
        const char* subjects[] = {subject};
        stream.Name = stream_name;
        stream.Subjects = subjects;
        stream.SubjectsLen = 1;
        stream.Retention = js_WorkQueuePolicy;
        stream.Storage = js_FileStorage;
        jsErrCode code{};
        must(js_AddStream(nullptr, link_.context(), &stream, nullptr, &code), "add stream", code);
        jsConsumerConfig consumer;
        must(jsConsumerConfig_Init(&consumer), "consumer");
        consumer.Durable = consumer_name;
        consumer.AckPolicy = js_AckExplicit;
        consumer.AckWait = 60'000'000'000;
        consumer.MaxAckPending = 100'000;
        must(js_AddConsumer(nullptr, link_.context(), stream_name, &consumer, nullptr, &code),
            "add consumer", code);
    }
    std::unique_ptr<Producer> producer() override {
        return std::make_unique<JetStreamProducer>(target_);
    }
    std::unique_ptr<Consumer> consumer(std::size_t) override {
        return std::make_unique<JetStreamConsumer>(target_);
    }
    std::uint64_t held() override {
        jsStreamInfo* info = nullptr;
        jsErrCode code{};
        must(js_GetStreamInfo(&info, link_.context(), stream_name, nullptr, &code), "info", code);
        const auto count = info->State.Msgs;
        jsStreamInfo_Destroy(info);
        return count;
    }

private:
    Target target_;
    Link link_;
};

}  // namespace

std::unique_ptr<System> make_jetstream(Target target) {
    return std::make_unique<JetStream>(std::move(target));
}

}  // namespace baton::bench

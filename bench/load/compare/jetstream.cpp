// NATS JetStream through cnats: a file stream with work queue retention, asynchronous publishing
// with the acknowledgements of a batch awaited together, pull requests.
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
constexpr const char* next_subject = "$JS.API.CONSUMER.MSG.NEXT.BENCH.workers";

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

/// Pulls by the protocol itself: natsSubscription_Fetch of 3.4.1 writes behind its array when more
/// than half a batch is left over from an earlier fetch.
class JetStreamConsumer final : public Consumer {
public:
    JetStreamConsumer(const Target& target, std::size_t batch)
        : link_(target),
          request_(fmt::format(R"({{"batch":{},"expires":{}}})", batch, request_ns)),
          batch_(batch) {
        must(natsInbox_Create(&inbox_), "inbox");
        must(natsConnection_SubscribeSync(&subscription_, link_.connection(), inbox_), "subscribe");
    }
    ~JetStreamConsumer() override {
        natsSubscription_Destroy(subscription_);
        natsInbox_Destroy(inbox_);
    }

    std::size_t take(std::size_t max, const Sink& sink) override {
        std::size_t count = 0;
        while (count < max) {
            if (coming_ == 0) {
                if (count != 0) break;
                must(natsConnection_PublishRequestString(
                         link_.connection(), next_subject, inbox_, request_.c_str()),
                    "pull");
                coming_ = batch_;
            }
            natsMsg* message = nullptr;
            const auto status = natsSubscription_NextMsg(
                &message, subscription_, count == 0 ? first_wait_ms : next_wait_ms);
            if (status == NATS_TIMEOUT) break;
            must(status, "next message");
            if (is_message(message)) {
                sink({natsMsg_GetData(message),
                    static_cast<std::size_t>(natsMsg_GetDataLength(message))});
                must(natsConnection_PublishString(
                         link_.connection(), natsMsg_GetReply(message), "+ACK"),
                    "ack");
                --coming_;
                ++count;
            } else {
                coming_ = 0;  // the request has ended
            }
            natsMsg_Destroy(message);
        }
        // The server does not answer an ack; that it has read them is what a flush can tell.
        if (count != 0) must(natsConnection_Flush(link_.connection()), "flush");
        return count;
    }

private:
    static constexpr int first_wait_ms = 100;
    static constexpr int next_wait_ms = 2;
    static constexpr std::int64_t request_ns = 1'000'000'000;

    static bool is_message(natsMsg* message) {
        const char* status = nullptr;
        return natsMsgHeader_Get(message, "Status", &status) != NATS_OK;
    }

    Link link_;
    std::string request_;
    std::size_t batch_;
    natsInbox* inbox_ = nullptr;
    natsSubscription* subscription_ = nullptr;
    std::size_t coming_ = 0;  ///< messages the server may still send for the last request
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
    std::unique_ptr<Consumer> consumer(std::size_t batch) override {
        return std::make_unique<JetStreamConsumer>(target_, batch);
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

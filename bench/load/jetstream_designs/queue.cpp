#include <array>
#include <mutex>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "designs.h"

namespace baton::bench {
namespace {

constexpr std::size_t fetch_messages = 100;

/// Posts a message a publish, with a bounded number of them unanswered.
class Posts final {
public:
    Posts(const Plan& plan, std::size_t pending_max)
        : plan_(plan), link_(plan, {}, &Posts::heard, this, pending_max) {}

    std::vector<float> run(const std::string& subject, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto body = stamped_body(plan_.body_bytes);
            must(js_PublishAsync(link_.context(), subject.c_str(), body.data(),
                     static_cast<int>(body.size()), nullptr),
                "publish");
        }
        must(js_PublishAsyncComplete(link_.context(), nullptr), "answers");
        if (!failure_.empty()) throw Fault(failure_);
        return std::exchange(micros_, {});
    }

private:
    static void heard(jsCtx*, natsMsg* message, jsPubAck*, jsPubAckErr* error, void* self) {
        auto& posts = *static_cast<Posts*>(self);
        const std::lock_guard lock(posts.mutex_);
        if (error != nullptr) posts.failure_ = error->ErrText;
        posts.micros_.push_back(age_micros(natsMsg_GetData(message)));
        natsMsg_Destroy(message);
    }

    const Plan& plan_;
    std::mutex mutex_;
    std::vector<float> micros_;
    std::string failure_;
    Link link_;  ///< last: its threads end before what they write to
};

/// A pull consumer with explicit acks. Asks by the protocol itself: natsSubscription_Fetch of 3.4.1
/// writes behind its array when more than half a batch is left over from an earlier fetch.
class Worker final {
public:
    Worker(const Plan& plan, const std::string& stream)
        : link_(plan), answers_(link_.connection()) {
        jsConsumerConfig config;
        must(jsConsumerConfig_Init(&config), "consumer");
        config.Durable = "workers";
        config.AckPolicy = js_AckExplicit;
        config.AckWait = 60'000'000'000;
        config.MaxAckPending = 100'000;
        jsErrCode code{};
        must(js_AddConsumer(nullptr, link_.context(), stream.c_str(), &config, nullptr, &code),
            "add consumer", code);
        next_ = fmt::format("$JS.API.CONSUMER.MSG.NEXT.{}.workers", stream);
    }

    /// Takes a batch and settles each message as `settle` says. Returns how many there were;
    /// `wait`: whether to wait a second for the first.
    template <class Settle>
    std::size_t take(bool wait, const Settle& settle) {
        const auto request =
            wait ? fmt::format(R"({{"batch":{},"expires":1000000000}})", fetch_messages)
                 : fmt::format(R"({{"batch":{},"no_wait":true}})", fetch_messages);
        must(natsConnection_PublishRequestString(
                 link_.connection(), next_.c_str(), answers_.subject(), request.c_str()),
            "pull");
        std::size_t count = 0;
        while (count < fetch_messages) {
            natsMsg* message = answers_.next(2'000);
            if (message == nullptr) throw Fault("pull: no answer");
            const char* status = nullptr;
            const bool over = natsMsgHeader_Get(message, "Status", &status) == NATS_OK;
            if (!over) {
                must(natsConnection_PublishString(
                         link_.connection(), natsMsg_GetReply(message), settle(message)),
                    "settle");
                ++count;
            }
            natsMsg_Destroy(message);
            if (over) break;
        }
        // The server does not answer an ack; that it has read them is what a flush can tell.
        if (count != 0) must(natsConnection_Flush(link_.connection()), "flush");
        return count;
    }

private:
    Link link_;
    Inbox answers_;
    std::string next_;
};

void measure_post_and_drain(const Plan& plan) {
    Link link(plan);
    link.add_stream("QUEUE", "queue", js_WorkQueuePolicy);
    Posts posts(plan, 4'096);
    auto begin = Steady::now();
    auto micros = posts.run("queue", plan.messages);
    print({"queue", "post", plan.messages, seconds_since(begin), std::move(micros)});

    Worker worker(plan, "QUEUE");
    const auto count = plan.messages;
    begin = Steady::now();
    for (std::size_t done = 0; done < count;) {
        done += worker.take(true, [](natsMsg*) { return "+ACK"; });
    }
    print({"queue", "take and ack", count, seconds_since(begin), {}});

    Posts few(plan, plan.producers);
    begin = Steady::now();
    micros = few.run("queue", plan.messages / 2);
    print({"queue", "post, one a producer", plan.messages / 2, seconds_since(begin),
        std::move(micros)});
    begin = Steady::now();
    std::size_t acked = 0;
    while (acked < plan.messages / 2) {
        worker.take(true, [&](natsMsg* message) {
            // The fifth word of the reply subject counts deliveries.
            const std::string reply = natsMsg_GetReply(message);
            auto word = reply.find('.');
            for (int dots = 1; dots < 4; ++dots) word = reply.find('.', word + 1);
            if (reply.substr(word + 1, 2) == "1.") return "-NAK";
            ++acked;
            return "+ACK";
        });
    }
    print({"queue", "take, nak once, take, ack", acked, seconds_since(begin), {}});
    link.remove_stream("QUEUE");
}

void measure_cycle(const Plan& plan) {
    Link link(plan);
    link.add_stream("QUEUE", "queue", js_WorkQueuePolicy);
    Worker worker(plan, "QUEUE");
    std::string failure;
    const auto begin = Steady::now();
    std::thread producer([&] {
        try {
            Posts(plan, plan.producers).run("queue", plan.messages);
        } catch (const Fault& fault) {
            failure = fault.what();
        }
    });
    Row row{"queue", "cycle, one a producer", plan.messages, 0, {}};
    while (row.micros.size() < plan.messages && failure.empty()) {
        worker.take(true, [&](natsMsg* message) {
            row.micros.push_back(age_micros(natsMsg_GetData(message)));
            return "+ACK";
        });
    }
    producer.join();
    if (!failure.empty()) throw Fault(failure);
    row.seconds = seconds_since(begin);
    print(std::move(row));
    link.remove_stream("QUEUE");
}

/// A stream a level, asked from the highest down. All messages are in the lowest.
void measure_levels(const Plan& plan) {
    constexpr std::size_t levels = 4;
    Link link(plan);
    std::array<std::unique_ptr<Worker>, levels> workers;
    for (std::size_t level = 0; level < levels; ++level) {
        const auto name = fmt::format("LEVEL{}", level);
        link.add_stream(name, name, js_WorkQueuePolicy);
        workers[level] = std::make_unique<Worker>(plan, name);
    }
    const auto count = plan.messages / 4;
    Posts(plan, 4'096).run("LEVEL3", count);
    const auto begin = Steady::now();
    for (std::size_t done = 0; done < count;) {
        for (auto& worker : workers) {
            const auto taken = worker->take(false, [](natsMsg*) { return "+ACK"; });
            done += taken;
            if (taken != 0) break;
        }
    }
    print({"queue", "take and ack, four levels", count, seconds_since(begin), {}});
    for (std::size_t level = 0; level < levels; ++level) {
        link.remove_stream(fmt::format("LEVEL{}", level));
    }
}

}  // namespace

void measure_queue(const Plan& plan) {
    measure_post_and_drain(plan);
    measure_cycle(plan);
    measure_levels(plan);
}

}  // namespace baton::bench

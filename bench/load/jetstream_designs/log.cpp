#include <algorithm>
#include <deque>
#include <utility>

#include <fmt/format.h>

#include "designs.h"

namespace baton::bench {
namespace {

/// What a record says of its message besides the body: about as much as the journal's.
constexpr std::size_t record_head_bytes = 44;

struct Shape {
    std::size_t batch_messages = 64;
    std::size_t depth = 1;  ///< batches on their way
};

/// A leader that writes. Producers are what they are to it: messages that wait. As soon as one is
/// answered its producer posts the next.
class LogWriter final {
public:
    LogWriter(const Plan& plan, Shape shape, Link& link, std::string stream)
        : plan_(plan),
          shape_(shape),
          link_(link),
          answers_(link.connection()),
          stream_(std::move(stream)),
          body_(plan.body_bytes, 'x') {
        last_ = link_.state(stream_).LastSeq;
        waiting_.assign(shape_.batch_messages * shape_.depth, Steady::now());
    }

    std::vector<float> run() {
        while (micros_.size() < plan_.messages) {
            while (under_way_.size() < shape_.depth && !waiting_.empty()) send();
            hear();
        }
        while (!under_way_.empty()) hear();
        return std::move(micros_);
    }

private:
    void send() {
        const auto count = std::min(waiting_.size(), shape_.batch_messages);
        std::string batch;
        batch.reserve(count * (record_head_bytes + body_.size()));
        for (std::size_t i = 0; i < count; ++i) {
            batch.append(record_head_bytes, 'h');
            batch += body_;
        }
        natsMsg* message = nullptr;
        must(natsMsg_Create(&message, stream_.c_str(), answers_.subject(), batch.data(),
                 static_cast<int>(batch.size())),
            "batch");
        const auto id = fmt::format("1.{}", last_ + 1);
        natsMsgHeader_Set(message, "Nats-Msg-Id", id.c_str());
        natsMsgHeader_Set(message, "Nats-Expected-Last-Sequence", fmt::format("{}", last_).c_str());
        const auto status = natsConnection_PublishMsg(link_.connection(), message);
        natsMsg_Destroy(message);
        must(status, "publish");
        ++last_;
        under_way_.emplace_back(waiting_.begin(), waiting_.begin() + static_cast<long>(count));
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<long>(count));
    }

    void hear() {
        natsMsg* answer = answers_.next(10'000);
        if (answer == nullptr) throw Fault("log: no answer");
        const std::string text(
            natsMsg_GetData(answer), static_cast<std::size_t>(natsMsg_GetDataLength(answer)));
        natsMsg_Destroy(answer);
        const auto expected = last_ - under_way_.size() + 1;
        if (!text.contains(fmt::format("\"seq\":{}", expected))) throw Fault("log: " + text);
        for (const auto posted : under_way_.front()) micros_.push_back(micros_since(posted));
        waiting_.insert(waiting_.end(), under_way_.front().size(), Steady::now());
        under_way_.pop_front();
    }

    const Plan& plan_;
    Shape shape_;
    Link& link_;
    Inbox answers_;
    std::string stream_;
    std::string body_;
    std::uint64_t last_ = 0;
    std::deque<Steady::time_point> waiting_;
    std::deque<std::vector<Steady::time_point>> under_way_;
    std::vector<float> micros_;
};

void measure_shape(const Plan& plan, const std::string& what, Shape shape) {
    Link link(plan);
    link.add_stream("LOG", "LOG", js_LimitsPolicy);
    Link direct(plan, {link.leader_url("LOG", plan)});
    LogWriter writer(plan, shape, direct, "LOG");
    const auto begin = Steady::now();
    auto micros = writer.run();
    const double seconds = seconds_since(begin);
    link.remove_stream("LOG");
    const auto count = micros.size();
    print({"log", what, count, seconds, std::move(micros)});
}

void fill(Link& link, std::size_t batches, std::size_t bytes) {
    const std::string batch(bytes, 'x');
    for (std::size_t i = 0; i < batches; ++i) {
        jsErrCode code{};
        must(js_Publish(nullptr, link.context(), "READ", batch.data(),
                 static_cast<int>(batch.size()), nullptr, &code),
            "publish", code);
    }
}

void read_pushed(Link& link, std::size_t batches) {
    jsSubOptions options;
    must(jsSubOptions_Init(&options), "options");
    options.Ordered = true;
    options.Stream = "READ";
    natsSubscription* subscription = nullptr;
    jsErrCode code{};
    must(js_SubscribeSync(&subscription, link.context(), "READ", nullptr, &options, &code),
        "subscribe", code);
    natsSubscription_SetPendingLimits(subscription, -1, -1);
    for (std::size_t i = 0; i < batches; ++i) {
        natsMsg* message = nullptr;
        must(natsSubscription_NextMsg(&message, subscription, 10'000), "next message");
        natsMsg_Destroy(message);
    }
    natsSubscription_Destroy(subscription);
}

void read_asked(Link& link, std::size_t batches, const char* subject, std::size_t depth) {
    const Inbox answers(link.connection());
    std::size_t asked = 0;
    for (std::size_t heard = 0; heard < batches; ++heard) {
        for (; asked < batches && asked - heard < depth; ++asked) {
            must(natsConnection_PublishRequestString(link.connection(), subject, answers.subject(),
                     fmt::format(R"({{"seq":{}}})", asked + 1).c_str()),
                "ask");
        }
        natsMsg* answer = answers.next(10'000);
        if (answer == nullptr) throw Fault("read: no answer");
        natsMsg_Destroy(answer);
    }
}

}  // namespace

void measure_log(const Plan& plan) {
    const auto record = plan.body_bytes + record_head_bytes;
    measure_shape(plan, "one a producer, 1 batch", {.batch_messages = plan.producers, .depth = 1});
    measure_shape(
        plan, "one a producer, 2 batches", {.batch_messages = plan.producers / 2, .depth = 2});
    for (const std::size_t kilobytes : {30U, 120U, 500U}) {
        for (const std::size_t depth : {1U, 2U, 3U}) {
            measure_shape(plan, fmt::format("{} KB, {} on the way", kilobytes, depth),
                {.batch_messages = kilobytes * 1'000 / record, .depth = depth});
        }
    }
}

void measure_log_reads(const Plan& plan) {
    Link link(plan);
    link.add_stream("READ", "READ", js_LimitsPolicy);
    constexpr std::size_t batch_bytes = 120'000;
    const auto batches = plan.messages * (plan.body_bytes + record_head_bytes) / batch_bytes;
    fill(link, batches, batch_bytes);
    const auto timed = [&](const std::string& what, auto&& read) {
        const auto begin = Steady::now();
        read();
        print({"log read", what, plan.messages, seconds_since(begin), {}});
    };
    timed("ordered push consumer", [&] { read_pushed(link, batches); });
    timed("get by sequence, one by one",
        [&] { read_asked(link, batches, "$JS.API.STREAM.MSG.GET.READ", 1); });
    timed("get by sequence, 32 asked",
        [&] { read_asked(link, batches, "$JS.API.STREAM.MSG.GET.READ", 32); });
    link.remove_stream("READ");
}

}  // namespace baton::bench

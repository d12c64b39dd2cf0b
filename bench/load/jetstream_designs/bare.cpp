#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "designs.h"

namespace baton::bench {
namespace {

/// What the library's thread tells of answers.
struct Answers {
    std::mutex mutex;
    std::vector<float> micros;
    std::string failure;

    static void heard(jsCtx*, natsMsg* message, jsPubAck*, jsPubAckErr* error, void* self) {
        auto& answers = *static_cast<Answers*>(self);
        const std::lock_guard lock(answers.mutex);
        if (error != nullptr) answers.failure = error->ErrText;
        answers.micros.push_back(age_micros(natsMsg_GetData(message)));
        natsMsg_Destroy(message);
    }
};

void measure_async(const Plan& plan, const std::string& what, std::size_t pending_max) {
    Answers answers;
    Link link(plan, {}, &Answers::heard, &answers, pending_max);
    link.add_stream("BARE", "bare", js_LimitsPolicy);
    const auto begin = Steady::now();
    for (std::size_t i = 0; i < plan.messages; ++i) {
        const auto body = stamped_body(plan.body_bytes);
        must(js_PublishAsync(
                 link.context(), "bare", body.data(), static_cast<int>(body.size()), nullptr),
            "publish");
    }
    must(js_PublishAsyncComplete(link.context(), nullptr), "answers");
    const double seconds = seconds_since(begin);
    if (!answers.failure.empty()) throw Fault(answers.failure);
    if (link.state("BARE").Msgs != plan.messages) throw Fault("bare: a message is missing");
    link.remove_stream("BARE");
    print({"bare", what, plan.messages, seconds, std::move(answers.micros)});
}

/// A stream, and one publish to it after the other.
class OneByOne {
public:
    OneByOne(const Plan& plan, std::string name)
        : link_(plan), name_(std::move(name)), body_(plan.body_bytes, 'x') {
        link_.add_stream(name_, name_, js_LimitsPolicy);
        // A new stream's first answers, and the end of what was measured before, are none of it.
        for (int i = 0; i < warm_up; ++i) publish(Steady::now());
        micros_.clear();
        std::this_thread::sleep_for(rest);
        begin_ = Steady::now();
    }
    ~OneByOne() = default;
    OneByOne(const OneByOne&) = delete;
    OneByOne& operator=(const OneByOne&) = delete;

    /// Latency counts from `due` on.
    void publish(Steady::time_point due) {
        jsErrCode code{};
        must(js_Publish(nullptr, link_.context(), name_.c_str(), body_.data(),
                 static_cast<int>(body_.size()), nullptr, &code),
            "publish", code);
        micros_.push_back(micros_since(due));
    }
    void end(const std::string& what) {
        const double seconds = seconds_since(begin_);
        link_.remove_stream(name_);
        const auto messages = micros_.size();
        print({"bare", what, messages, seconds, std::move(micros_)});
    }
    [[nodiscard]] Steady::time_point begin() const noexcept { return begin_; }

private:
    static constexpr int warm_up = 100;
    static constexpr std::chrono::milliseconds rest{500};

    Link link_;
    std::string name_;
    std::string body_;
    std::vector<float> micros_;
    Steady::time_point begin_;
};

void measure_sync(const Plan& plan) {
    OneByOne producer(plan, "SYNC");
    for (std::size_t i = 0; i < plan.messages / 50; ++i) producer.publish(Steady::now());
    producer.end("sync, one producer");
}

}  // namespace

void measure_one_by_one(const Plan& plan) {
    constexpr std::chrono::seconds time{4};
    constexpr std::chrono::microseconds interval{1'000};
    {
        OneByOne producer(plan, "ONE");
        while (Steady::now() < producer.begin() + time) producer.publish(Steady::now());
        producer.end("sync, one producer, four seconds");
    }
    OneByOne producer(plan, "STEADY");
    for (auto due = producer.begin(); due < producer.begin() + time; due += interval) {
        std::this_thread::sleep_until(due);
        producer.publish(due);
    }
    producer.end("sync, one producer, 1000 a second");
}

void measure_bare(const Plan& plan) {
    measure_async(plan, "async", 4'096);
    measure_async(plan, "async, one a producer", plan.producers);
    measure_sync(plan);
}

}  // namespace baton::bench

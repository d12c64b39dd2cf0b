#include <mutex>
#include <utility>

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

void measure_sync(const Plan& plan) {
    Link link(plan);
    link.add_stream("SYNC", "sync", js_LimitsPolicy);
    const std::string body(plan.body_bytes, 'x');
    Row row{"bare", "sync, one producer", plan.messages / 50, 0, {}};
    const auto begin = Steady::now();
    for (std::size_t i = 0; i < row.messages; ++i) {
        const auto posted = Steady::now();
        jsErrCode code{};
        must(js_Publish(nullptr, link.context(), "sync", body.data(), static_cast<int>(body.size()),
                 nullptr, &code),
            "publish", code);
        row.micros.push_back(micros_since(posted));
    }
    row.seconds = seconds_since(begin);
    link.remove_stream("SYNC");
    print(std::move(row));
}

}  // namespace

void measure_bare(const Plan& plan) {
    measure_async(plan, "async", 4'096);
    measure_async(plan, "async, one a producer", plan.producers);
    measure_sync(plan);
}

}  // namespace baton::bench

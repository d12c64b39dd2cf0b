#include "link.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace baton::bench {

void must(natsStatus status, std::string_view what, int code) {
    if (status == NATS_OK) return;
    throw Fault(fmt::format("{}: {} ({})", what, natsStatus_GetText(status), code));
}

Link::Link(const Plan& plan, std::vector<std::string> urls, jsPubAckHandler acked, void* closure,
    std::size_t pending_max) {
    if (urls.empty()) urls = plan.urls;
    std::vector<const char*> servers;
    for (const auto& url : urls) servers.push_back(url.c_str());
    natsOptions* options = nullptr;
    must(natsOptions_Create(&options), "options");
    natsOptions_SetServers(options, servers.data(), static_cast<int>(servers.size()));
    natsOptions_SetNoRandomize(options, true);
    natsOptions_SetUserInfo(options, plan.user.c_str(), plan.password.c_str());
    const auto status = natsConnection_Connect(&connection_, options);
    natsOptions_Destroy(options);
    must(status, "connect");
    jsOptions js;
    must(jsOptions_Init(&js), "options");
    js.Wait = 30'000;
    js.PublishAsync.MaxPending = static_cast<std::int64_t>(pending_max);
    js.PublishAsync.StallWait = 30'000;
    js.PublishAsync.AckHandler = acked;
    js.PublishAsync.AckHandlerClosure = closure;
    must(natsConnection_JetStream(&context_, connection_, &js), "jetstream");
}

Link::~Link() {
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
}

void Link::add_stream(
    const std::string& name, const std::string& subject, jsRetentionPolicy retention) {
    jsStreamConfig config;
    must(jsStreamConfig_Init(&config), "stream");
    const char* subjects[] = {subject.c_str()};
    config.Name = name.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Retention = retention;
    config.Storage = js_FileStorage;
    config.Replicas = 3;
    jsErrCode code{};
    must(js_AddStream(nullptr, context_, &config, nullptr, &code), "add stream", code);
}

void Link::remove_stream(const std::string& name) {
    jsErrCode code{};
    must(js_DeleteStream(context_, name.c_str(), nullptr, &code), "delete stream", code);
}

jsStreamState Link::state(const std::string& name) {
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    must(js_GetStreamInfo(&info, context_, name.c_str(), nullptr, &code), "info", code);
    auto state = info->State;
    jsStreamInfo_Destroy(info);
    state.Subjects = nullptr;
    state.Deleted = nullptr;
    state.Lost = nullptr;
    return state;
}

std::string Link::leader_url(const std::string& name, const Plan& plan) {
    jsStreamInfo* info = nullptr;
    jsErrCode code{};
    must(js_GetStreamInfo(&info, context_, name.c_str(), nullptr, &code), "info", code);
    const std::string leader = info->Cluster == nullptr ? "n1" : info->Cluster->Leader;
    jsStreamInfo_Destroy(info);
    return plan.urls.at(std::stoul(leader.substr(1)) - 1);
}

Inbox::Inbox(natsConnection* connection) {
    must(natsInbox_Create(&inbox_), "inbox");
    must(natsConnection_SubscribeSync(&subscription_, connection, inbox_), "subscribe");
    must(natsSubscription_SetPendingLimits(subscription_, -1, -1), "limits");
}

Inbox::~Inbox() {
    natsSubscription_Destroy(subscription_);
    natsInbox_Destroy(inbox_);
}

natsMsg* Inbox::next(std::int64_t timeout_ms) const {
    natsMsg* message = nullptr;
    const auto status = natsSubscription_NextMsg(&message, subscription_, timeout_ms);
    if (status != NATS_TIMEOUT) must(status, "next message");
    return message;
}

void print(Row row) {
    std::ranges::sort(row.micros);
    const auto at = [&](double share) {
        if (row.micros.empty()) return 0.0F;
        return row
            .micros[static_cast<std::size_t>(share * static_cast<double>(row.micros.size() - 1))];
    };
    fmt::print(
        R"({{"design":"{}","what":"{}","messages":{},"seconds":{:.3f},"per_second":{:.0f},"p50_us":{:.0f},"p95_us":{:.0f},"p99_us":{:.0f},"max_us":{:.0f}}})"
        "\n",
        row.design, row.what, row.messages, row.seconds,
        static_cast<double>(row.messages) / std::max(row.seconds, 1e-9), at(0.5), at(0.95),
        at(0.99), at(1.0));
}

std::string stamped_body(std::size_t bytes) {
    std::string body(bytes, 'x');
    const auto now = Steady::now().time_since_epoch().count();
    std::memcpy(body.data(), &now, sizeof now);
    return body;
}

float age_micros(const char* body) {
    Steady::rep then = 0;
    std::memcpy(&then, body, sizeof then);
    return micros_since(Steady::time_point(Steady::duration(then)));
}

}  // namespace baton::bench

#include "support/nats_client.h"

#include <stdexcept>
#include <string_view>

namespace baton::test {
namespace {

void must(natsStatus status) {
    if (status != NATS_OK) throw std::runtime_error(natsStatus_GetText(status));
}

struct Options {
    natsOptions* value = nullptr;
    Options() { must(natsOptions_Create(&value)); }
    ~Options() { natsOptions_Destroy(value); }
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;
};

void use_tls(natsOptions* options, const NatsCertificates& tls) {
    must(natsOptions_SetSecure(options, true));
    must(natsOptions_LoadCATrustedCertificates(options, tls.authority.c_str()));
    if (tls.certificate.empty()) return;
    must(natsOptions_LoadCertificatesChain(options, tls.certificate.c_str(), tls.key.c_str()));
}

}  // namespace

NatsClient::NatsClient(
    const std::string& url, const NatsUser& user, const std::optional<NatsCertificates>& tls) {
    const Options options;
    must(natsOptions_SetURL(options.value, url.c_str()));
    must(natsOptions_SetUserInfo(options.value, user.name.c_str(), user.password.c_str()));
    must(natsOptions_SetTimeout(options.value, 2'000));
    must(natsOptions_SetAllowReconnect(options.value, false));
    // The library's own handler writes to standard error.
    const auto ignore = [](natsConnection*, natsSubscription*, natsStatus, void*) {};
    must(natsOptions_SetErrorHandler(options.value, ignore, nullptr));
    if (tls) use_tls(options.value, *tls);
    must(natsConnection_Connect(&connection_, options.value));
    must(natsConnection_JetStream(&context_, connection_, nullptr));
}

NatsClient::~NatsClient() {
    jsCtx_Destroy(context_);
    natsConnection_Destroy(connection_);
}

bool NatsClient::add_stream(const std::string& name, const std::string& subject,
    std::int64_t replicas, std::int64_t bytes_max) {
    jsStreamConfig config;
    must(jsStreamConfig_Init(&config));
    const char* subjects[] = {subject.c_str()};
    config.Name = name.c_str();
    config.Subjects = subjects;
    config.SubjectsLen = 1;
    config.Replicas = replicas;
    config.MaxBytes = bytes_max;
    config.Discard = js_DiscardNew;
    jsOptions options;
    must(jsOptions_Init(&options));
    options.Wait = 2'500;
    // A leader of the meta group that is only just elected may answer nothing. The same stream made
    // again is no error, so it is asked for again.
    natsStatus status = NATS_TIMEOUT;
    for (int attempt = 0; attempt < 4 && status == NATS_TIMEOUT; ++attempt) {
        status = js_AddStream(nullptr, context_, &config, &options, nullptr);
    }
    return status == NATS_OK;
}

bool NatsClient::publish(const std::string& subject, std::int64_t wait_ms) {
    jsPubOptions options;
    must(jsPubOptions_Init(&options));
    options.MaxWait = wait_ms;
    return js_Publish(nullptr, context_, subject.c_str(), "x", 1, &options, nullptr) == NATS_OK;
}

std::optional<std::string> NatsClient::request(
    const std::string& subject, const std::string& body, std::int64_t wait_ms) {
    natsMsg* answer = nullptr;
    const auto status = natsConnection_Request(
        &answer, connection_, subject.c_str(), body.data(), static_cast<int>(body.size()), wait_ms);
    if (status != NATS_OK) return std::nullopt;
    std::string text(
        natsMsg_GetData(answer), static_cast<std::size_t>(natsMsg_GetDataLength(answer)));
    natsMsg_Destroy(answer);
    return text;
}

bool NatsClient::may_subscribe(const std::string& subject) {
    natsSubscription* subscription = nullptr;
    must(natsConnection_SubscribeSync(&subscription, connection_, subject.c_str()));
    must(natsConnection_Flush(connection_));  // the server's refusal has come before its pong
    const char* text = nullptr;
    const bool refused = natsConnection_GetLastError(connection_, &text) == NATS_NOT_PERMITTED &&
                         std::string_view(text).contains("\"" + subject + "\"");
    natsSubscription_Destroy(subscription);
    return !refused;
}

std::uint64_t NatsClient::count(const std::string& stream) {
    jsStreamInfo* info = nullptr;
    must(js_GetStreamInfo(&info, context_, stream.c_str(), nullptr, nullptr));
    const auto count = info->State.Msgs;
    jsStreamInfo_Destroy(info);
    return count;
}

}  // namespace baton::test

#include "nats/connection.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "nats/native.h"
#include "nats/pulse.h"

namespace baton::nats {
namespace {

constexpr int pings_out_max = 2;
constexpr int reconnect_forever = -1;
constexpr std::int64_t reconnect_wait_ms = 250;
/// What is published while there is no server fails at once instead of arriving late.
constexpr int reconnect_buffer_bytes = 1;
/// How long the end of a subscription waits for the server; one that is not answered is freed with
/// a later one.
constexpr std::int64_t end_timeout_ms = 1'000;

/// What the library told of a connection. Asking the library would wait: it holds its own lock
/// while it tries to connect again, two seconds for each server that does not answer.
struct Told {
    std::atomic<bool> is_connected{true};
    std::atomic<std::uint64_t> reconnects{0};
    /// The server was there at that time.
    std::atomic<SteadyTimePoint> heard_at{std::chrono::steady_clock::now()};
};

/// What the library keeps of it; it ends with the last thing that is told.
using ToldClosure = std::shared_ptr<Told>;

void tell_disconnected(natsConnection*, void* closure) {
    (*static_cast<ToldClosure*>(closure))->is_connected = false;
}
void tell_reconnected(natsConnection*, void* closure) {
    auto& told = **static_cast<ToldClosure*>(closure);
    ++told.reconnects;
    told.heard_at = std::chrono::steady_clock::now();
    told.is_connected = true;
}
void tell_closed(natsConnection*, void* closure) {
    const std::unique_ptr<ToldClosure> last(static_cast<ToldClosure*>(closure));
    (*last)->is_connected = false;
}

class NativeConnection final : public Connection {
public:
    NativeConnection(natsConnection* handle, std::shared_ptr<Told> told, Duration silence_max)
        : handle_(handle), told_(std::move(told)), silence_max_(silence_max) {}
    ~NativeConnection() override {
        close();  // nobody reads it any more
        pulse_.reset();
        for (auto* subscription : ending_) natsSubscription_Destroy(subscription);
        natsSubscription_Destroy(echo_);
        natsConnection_Destroy(handle_);
    }
    NativeConnection(const NativeConnection&) = delete;
    NativeConnection& operator=(const NativeConnection&) = delete;

    bool is_connected() const override {
        const auto silence = std::chrono::steady_clock::now() - told_->heard_at.load();
        return told_->is_connected && silence <= silence_max_;
    }
    std::uint64_t reconnects() const override { return told_->reconnects; }
    void close() override { natsConnection_Close(handle_); }

    [[nodiscard]] natsConnection* handle() const noexcept { return handle_; }

    Result<void> start_pulse(Duration interval) {
        natsInbox* inbox = nullptr;
        if (const auto status = natsInbox_Create(&inbox); status != NATS_OK) {
            return failed("making a subject", status);
        }
        const std::string subject = inbox;
        natsInbox_Destroy(inbox);
        const auto status = natsConnection_SubscribeSync(&echo_, handle_, subject.c_str());
        if (status != NATS_OK) return failed("subscribing to " + subject, status);
        pulse_ = std::make_unique<Pulse>(handle_, subject, echo_, interval, told_->heard_at);
        return {};
    }

    void end(natsSubscription* subscription) {
        natsSubscription_Unsubscribe(subscription);
        std::vector<natsSubscription*> ending{subscription};
        {
            const std::scoped_lock lock(mutex_);
            ending.insert(ending.end(), ending_.begin(), ending_.end());
            ending_.clear();
        }
        if (is_connected() && has_gone_on()) {
            for (auto* each : ending) natsSubscription_Destroy(each);
            return;
        }
        const std::scoped_lock lock(mutex_);
        ending_.insert(ending_.end(), ending.begin(), ending.end());
    }

private:
    /// Whether all that came up to now has been handed out: the server's answer comes behind it. (A
    /// flush says yes as well when its ping could not be sent.)
    [[nodiscard]] bool has_gone_on() {
        natsInbox* nobody = nullptr;
        if (natsInbox_Create(&nobody) != NATS_OK) return false;
        natsMsg* answer = nullptr;
        const auto status =
            natsConnection_RequestString(&answer, handle_, nobody, "", end_timeout_ms);
        natsMsg_Destroy(answer);
        natsInbox_Destroy(nobody);
        return status == NATS_NO_RESPONDERS;
    }

    natsConnection* handle_;
    std::shared_ptr<Told> told_;
    const Duration silence_max_;
    natsSubscription* echo_ = nullptr;
    std::unique_ptr<Pulse> pulse_;
    std::mutex mutex_;
    std::vector<natsSubscription*> ending_;  ///< taken off, and not freed yet
};

/// Calls one setter after the other until one fails.
class Setter {
public:
    template <class... Arguments>
    Setter& set(std::string_view what, natsStatus status) {
        if (failure_ || status == NATS_OK) return *this;
        failure_ = fail(
            Errc::invalid_config, fmt::format("nats: {}: {}", what, natsStatus_GetText(status)));
        return *this;
    }
    [[nodiscard]] Result<void> result() const {
        if (failure_) return *failure_;
        return {};
    }

private:
    std::optional<std::unexpected<Error>> failure_;
};

Result<void> set_tls(natsOptions* options, const ConnectionConfig& config) {
    if (!config.tls) return {};
    Setter setter;
    setter.set("tls", natsOptions_SetSecure(options, true));
    if (!config.ca_file.empty()) {
        setter.set("reading the CA certificates from `" + config.ca_file + "`",
            natsOptions_LoadCATrustedCertificates(options, config.ca_file.c_str()));
    }
    if (!config.cert_file.empty()) {
        setter.set("reading the certificate from `" + config.cert_file + "`",
            natsOptions_LoadCertificatesChain(
                options, config.cert_file.c_str(), config.key_file.c_str()));
    }
    return setter.result();
}

Result<OptionsHandle> options_of(const ConnectionConfig& config) {
    natsOptions* made = nullptr;
    if (const auto status = natsOptions_Create(&made); status != NATS_OK) {
        return failed("natsOptions_Create", status);
    }
    OptionsHandle options(made);
    std::vector<const char*> servers;
    for (const auto& server : config.servers) servers.push_back(server.c_str());
    Setter setter;
    setter
        .set("the addresses of the servers",
            natsOptions_SetServers(made, servers.data(), static_cast<int>(servers.size())))
        .set("name", natsOptions_SetName(made, config.name.c_str()))
        .set("timeout", natsOptions_SetTimeout(made, config.connect_timeout.count()))
        .set("pings", natsOptions_SetPingInterval(made, config.ping_interval.count()))
        .set("pings", natsOptions_SetMaxPingsOut(made, pings_out_max))
        .set("reconnect", natsOptions_SetMaxReconnect(made, reconnect_forever))
        .set("reconnect", natsOptions_SetReconnectWait(made, reconnect_wait_ms))
        .set("reconnect", natsOptions_SetReconnectBufSize(made, reconnect_buffer_bytes))
        .set("requests", natsOptions_SetFailRequestsOnDisconnect(made, true))
        .set("sending", natsOptions_SetSendAsap(made, true));
    if (!config.user.empty()) {
        setter.set("user", natsOptions_SetUserInfo(made, config.user.c_str(),
                               std::string(config.password.reveal()).c_str()));
    }
    BATON_TRY_VOID(setter.result());
    BATON_TRY_VOID(set_tls(made, config));
    return options;
}

}  // namespace

natsConnection* native(const Connection& connection) noexcept {
    return static_cast<const NativeConnection&>(connection).handle();
}

void EndSubscription::operator()(natsSubscription* handle) const noexcept {
    static_cast<NativeConnection&>(*connection).end(handle);
}

Result<std::shared_ptr<Connection>> connect(const ConnectionConfig& config) {
    BATON_TRY(const auto options, options_of(config));
    auto closure = std::make_unique<ToldClosure>(std::make_shared<Told>());
    natsOptions_SetDisconnectedCB(options.get(), tell_disconnected, closure.get());
    natsOptions_SetReconnectedCB(options.get(), tell_reconnected, closure.get());
    natsOptions_SetClosedCB(options.get(), tell_closed, closure.get());
    natsConnection* handle = nullptr;
    if (const auto status = natsConnection_Connect(&handle, options.get()); status != NATS_OK) {
        return failed(fmt::format("connecting to {}", fmt::join(config.servers, ", ")), status);
    }
    auto connection = std::make_shared<NativeConnection>(
        handle, *closure.release(), pings_out_max * config.ping_interval);
    BATON_TRY_VOID(connection->start_pulse(config.ping_interval / 2));
    return connection;
}

}  // namespace baton::nats

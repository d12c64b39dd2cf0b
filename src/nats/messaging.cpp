#include "nats/messaging.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "nats/native.h"

namespace baton::nats {
namespace {

constexpr std::int64_t flush_timeout_ms = 2'000;
constexpr std::int64_t end_timeout_ms = 1'000;

class NativeSubscription final : public Subscription {
public:
    NativeSubscription(std::shared_ptr<Connection> connection, Messaging::Handler handler)
        : connection_(std::move(connection)),
          handler_(std::move(handler)),
          handle_(nullptr, EndSubscription{connection_}) {}

    ~NativeSubscription() override {
        if (!handle_) return;
        const auto status = connection_->is_connected()
                                ? natsSubscription_DrainTimeout(handle_.get(), end_timeout_ms)
                                : NATS_NOT_YET_CONNECTED;
        if (status != NATS_OK) natsSubscription_Unsubscribe(handle_.get());
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [&] { return is_complete_; });
    }
    NativeSubscription(const NativeSubscription&) = delete;
    NativeSubscription& operator=(const NativeSubscription&) = delete;

    Result<void> start(const std::string& subject) {
        natsConnection* const connection = native(*connection_);
        natsSubscription* made = nullptr;
        auto status = natsConnection_Subscribe(&made, connection, subject.c_str(), deliver, this);
        if (status != NATS_OK) return failed("subscribing to " + subject, status);
        natsSubscription_SetOnCompleteCB(made, complete, this);
        handle_.reset(made);
        status = natsSubscription_SetPendingLimits(made, -1, -1);
        if (status == NATS_OK) status = natsConnection_FlushTimeout(connection, flush_timeout_ms);
        if (status != NATS_OK) return failed("subscribing to " + subject, status);
        return {};
    }

private:
    static void deliver(natsConnection*, natsSubscription*, natsMsg* message, void* self) {
        const MsgHandle handle(message);
        const char* const reply = natsMsg_GetReply(message);
        static_cast<NativeSubscription*>(self)->handler_({.subject = natsMsg_GetSubject(message),
            .reply_to = reply == nullptr ? std::string_view() : std::string_view(reply),
            .data = {natsMsg_GetData(message),
                static_cast<std::size_t>(natsMsg_GetDataLength(message))},
            .nobody_listens = natsMsg_IsNoResponders(message)});
    }
    static void complete(void* self) {
        auto& subscription = *static_cast<NativeSubscription*>(self);
        const std::scoped_lock lock(subscription.mutex_);
        subscription.is_complete_ = true;
        subscription.ended_.notify_all();
    }

    std::shared_ptr<Connection> connection_;
    Messaging::Handler handler_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool is_complete_ = false;
    SubscriptionHandle handle_;
};

class NativeMessaging final : public Messaging {
public:
    explicit NativeMessaging(std::shared_ptr<Connection> connection)
        : connection_(std::move(connection)) {}

    Result<std::unique_ptr<Subscription>> subscribe(
        const std::string& subject, Handler handler) override {
        auto subscription = std::make_unique<NativeSubscription>(connection_, std::move(handler));
        BATON_TRY_VOID(subscription->start(subject));
        return subscription;
    }

    Result<void> publish(
        const std::string& subject, const std::string& reply_to, std::string_view data) override {
        BATON_TRY_VOID(expect_connected(*connection_, "publishing to " + subject));
        natsConnection* const connection = native(*connection_);
        const auto size = static_cast<int>(data.size());
        const auto status =
            reply_to.empty()
                ? natsConnection_Publish(connection, subject.c_str(), data.data(), size)
                : natsConnection_PublishRequest(
                      connection, subject.c_str(), reply_to.c_str(), data.data(), size);
        if (status != NATS_OK) return failed("publishing to " + subject, status);
        return {};
    }

    std::string make_inbox() override {
        natsInbox* inbox = nullptr;
        if (natsInbox_Create(&inbox) != NATS_OK) return {};
        std::string name = inbox;
        natsInbox_Destroy(inbox);
        return name;
    }

private:
    std::shared_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<Messaging> make_messaging(std::shared_ptr<Connection> connection) {
    return std::make_unique<NativeMessaging>(std::move(connection));
}

}  // namespace baton::nats

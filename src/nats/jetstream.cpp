#include "nats/jetstream.h"

#include <fmt/core.h>

#include "nats/native.h"

namespace baton::nats {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
constexpr const char* id_header = "Nats-Msg-Id";
constexpr const char* expected_last_header = "Nats-Expected-Last-Sequence";

class StoredMessage final : public Message {
public:
    StoredMessage(MsgHandle handle, std::uint64_t sequence)
        : handle_(std::move(handle)), sequence_(sequence) {}

    std::uint64_t sequence() const override { return sequence_; }
    std::string_view data() const override {
        return {natsMsg_GetData(handle_.get()),
            static_cast<std::size_t>(natsMsg_GetDataLength(handle_.get()))};
    }
    std::string_view header(const char* name) const override {
        const char* value = nullptr;
        if (natsMsgHeader_Get(handle_.get(), name, &value) != NATS_OK) return {};
        return value;
    }

private:
    MsgHandle handle_;
    std::uint64_t sequence_;
};

Result<std::uint64_t> sequence_of(natsMsg* message) {
    jsMsgMetaData* meta = nullptr;
    if (const auto status = natsMsg_GetMetaData(&meta, message); status != NATS_OK) {
        return failed("reading a message's place", status);
    }
    const std::uint64_t sequence = meta->Sequence.Stream;
    jsMsgMetaData_Destroy(meta);
    return sequence;
}

class OrderedReader final : public StreamReader {
public:
    OrderedReader(SubscriptionHandle subscription, std::string stream, std::uint64_t first)
        : subscription_(std::move(subscription)), stream_(std::move(stream)), next_(first) {}

    Result<std::unique_ptr<Message>> next(Duration timeout) override {
        natsMsg* message = nullptr;
        const auto status =
            natsSubscription_NextMsg(&message, subscription_.get(), timeout.count());
        if (status != NATS_OK) return failed("reading stream " + stream_, status);
        MsgHandle handle(message);
        BATON_TRY(const auto sequence, sequence_of(message));
        if (sequence != next_) {
            return fail(Errc::storage_corrupt,
                fmt::format("stream {}: message {} is missing", stream_, next_));
        }
        ++next_;
        return std::make_unique<StoredMessage>(std::move(handle), sequence);
    }

private:
    SubscriptionHandle subscription_;
    std::string stream_;
    std::uint64_t next_;
};

class NativeJetStream final : public JetStream {
public:
    NativeJetStream(
        std::shared_ptr<Connection> connection, JetStreamHandle handle, Duration timeout)
        : connection_(std::move(connection)), handle_(std::move(handle)), timeout_(timeout) {}

    std::size_t max_payload() const override {
        return static_cast<std::size_t>(natsConnection_GetMaxPayload(native(*connection_)));
    }

    std::string unique_name() override {
        natsInbox* inbox = nullptr;
        if (natsInbox_Create(&inbox) != NATS_OK) return {};
        std::string name = inbox;
        natsInbox_Destroy(inbox);
        return name;
    }

    Result<void> ensure_stream(const StreamConfig& config) override {
        const auto found = state(config.name);
        if (found || found.error().code != Errc::not_found) {
            return found ? Result<void>() : fail(found.error());
        }
        jsStreamConfig native_config;
        jsStreamConfig_Init(&native_config);
        const char* subject = config.subject.c_str();
        native_config.Name = config.name.c_str();
        native_config.Description = config.description.c_str();
        native_config.Subjects = &subject;
        native_config.SubjectsLen = 1;
        native_config.Replicas = config.replicas;
        native_config.MaxBytes = config.max_bytes;
        native_config.Storage = config.in_memory ? js_MemoryStorage : js_FileStorage;
        native_config.Discard = js_DiscardNew;
        native_config.DenyDelete = true;
        native_config.Duplicates = config.duplicate_window.count() * ns_per_ms;
        jsErrCode code{};
        const auto status = js_AddStream(nullptr, handle_.get(), &native_config, nullptr, &code);
        if (status == NATS_OK || code == JSStreamNameExistErr) return {};
        return failed("making stream " + config.name, status, code);
    }

    Result<StreamState> state(const std::string& stream) override {
        jsStreamInfo* info = nullptr;
        jsErrCode code{};
        const auto status = js_GetStreamInfo(&info, handle_.get(), stream.c_str(), nullptr, &code);
        if (status != NATS_OK) return failed("looking at stream " + stream, status, code);
        const StreamInfoHandle handle(info);
        return StreamState{
            .first = info->State.FirstSeq, .last = info->State.LastSeq, .bytes = info->State.Bytes};
    }

    Result<void> delete_stream(const std::string& stream) override {
        jsErrCode code{};
        const auto status = js_DeleteStream(handle_.get(), stream.c_str(), nullptr, &code);
        if (status != NATS_OK) return failed("deleting stream " + stream, status, code);
        return {};
    }

    Result<void> step_down(const std::string& stream) override {
        natsMsg* answer = nullptr;
        const auto subject = "$JS.API.STREAM.LEADER.STEPDOWN." + stream;
        const auto status = natsConnection_RequestString(
            &answer, native(*connection_), subject.c_str(), "", timeout_.count());
        const MsgHandle handle(answer);
        if (status != NATS_OK) return failed("changing the leader of stream " + stream, status);
        return {};
    }

    Result<Published> publish(const Publication& publication) override {
        natsMsg* made = nullptr;
        auto status = natsMsg_Create(&made, std::string(publication.subject).c_str(), nullptr,
            publication.data.data(), static_cast<int>(publication.data.size()));
        const MsgHandle message(made);
        if (status == NATS_OK) status = add_headers(made, publication);
        if (status != NATS_OK) return failed("making a message", status);
        jsPubOptions options;
        jsPubOptions_Init(&options);
        options.MaxWait = publication.timeout.count();
        jsPubAck* ack = nullptr;
        jsErrCode code{};
        status = js_PublishMsg(&ack, handle_.get(), made, &options, &code);
        if (status != NATS_OK) {
            return failed("publishing to " + std::string(publication.subject), status, code);
        }
        const PubAckHandle handle(ack);
        return Published{.sequence = ack->Sequence, .duplicate = ack->Duplicate};
    }

    Result<std::unique_ptr<Message>> get(
        const std::string& stream, std::uint64_t sequence) override {
        natsMsg* message = nullptr;
        jsErrCode code{};
        const auto status =
            js_GetMsg(&message, handle_.get(), stream.c_str(), sequence, nullptr, &code);
        if (status != NATS_OK) {
            return failed(
                fmt::format("getting message {} of stream {}", sequence, stream), status, code);
        }
        return std::make_unique<StoredMessage>(MsgHandle(message), sequence);
    }

    Result<std::unique_ptr<StreamReader>> read(
        const StreamConfig& stream, std::uint64_t first) override {
        jsSubOptions options;
        jsSubOptions_Init(&options);
        options.Stream = stream.name.c_str();
        options.Ordered = true;
        options.Config.DeliverPolicy = js_DeliverByStartSequence;
        options.Config.OptStartSeq = first;
        natsSubscription* subscription = nullptr;
        jsErrCode code{};
        const auto status = js_SubscribeSync(
            &subscription, handle_.get(), stream.subject.c_str(), nullptr, &options, &code);
        if (status != NATS_OK) return failed("reading stream " + stream.name, status, code);
        SubscriptionHandle handle(subscription);
        natsSubscription_SetPendingLimits(
            subscription, -1, -1);  // the flow is the server's to hold
        return std::make_unique<OrderedReader>(std::move(handle), stream.name, first);
    }

    Result<void> purge_before(const std::string& stream, std::uint64_t sequence) override {
        jsOptions options;
        jsOptions_Init(&options);
        options.Stream.Purge.Sequence = sequence;
        jsErrCode code{};
        const auto status = js_PurgeStream(handle_.get(), stream.c_str(), &options, &code);
        if (status != NATS_OK) return failed("purging stream " + stream, status, code);
        return {};
    }

private:
    static natsStatus add_headers(natsMsg* message, const Publication& publication) {
        auto status = natsMsgHeader_Set(message, id_header, std::string(publication.id).c_str());
        if (status == NATS_OK && publication.expected_last) {
            status = natsMsgHeader_Set(
                message, expected_last_header, std::to_string(*publication.expected_last).c_str());
        }
        for (const auto& [name, value] : publication.headers) {
            if (status != NATS_OK) break;
            status = natsMsgHeader_Set(message, name.c_str(), value.c_str());
        }
        return status;
    }

    std::shared_ptr<Connection> connection_;
    JetStreamHandle handle_;
    const Duration timeout_;
};

}  // namespace

Result<std::unique_ptr<JetStream>> make_jetstream(
    std::shared_ptr<Connection> connection, Duration timeout) {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = timeout.count();
    jsCtx* handle = nullptr;
    const auto status = natsConnection_JetStream(&handle, native(*connection), &options);
    if (status != NATS_OK) return failed("JetStream", status);
    return std::make_unique<NativeJetStream>(
        std::move(connection), JetStreamHandle(handle), timeout);
}

}  // namespace baton::nats

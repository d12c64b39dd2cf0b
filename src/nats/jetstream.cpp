#include "nats/jetstream.h"

#include <algorithm>

#include <fmt/core.h>

#include "nats/native.h"

namespace baton::nats {
namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;
/// A replica that its leader has not heard of for so long is not chosen to be the next one.
constexpr std::int64_t away_ms = 3'000;
/// Of a question whether somebody leads the servers.
constexpr std::int64_t leader_timeout_ms = 250;

class StoredMessage final : public Message {
public:
    StoredMessage(MsgHandle handle, std::uint64_t sequence, std::int64_t stored_ns)
        : handle_(std::move(handle)), sequence_(sequence), stored_ns_(stored_ns) {}

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
    std::int64_t stored_ms() const override { return stored_ns_ / ns_per_ms; }

private:
    MsgHandle handle_;
    std::uint64_t sequence_;
    std::int64_t stored_ns_;
};

/// Of a message that a consumer has brought.
Result<std::unique_ptr<Message>> consumed(MsgHandle handle) {
    jsMsgMetaData* meta = nullptr;
    if (const auto status = natsMsg_GetMetaData(&meta, handle.get()); status != NATS_OK) {
        return failed("reading a message's place", status);
    }
    auto message =
        std::make_unique<StoredMessage>(std::move(handle), meta->Sequence.Stream, meta->Timestamp);
    jsMsgMetaData_Destroy(meta);
    return message;
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
        BATON_TRY(auto read, consumed(MsgHandle(message)));
        if (read->sequence() != next_) {
            return fail(Errc::storage_corrupt,
                fmt::format("stream {}: message {} is missing", stream_, next_));
        }
        ++next_;
        return read;
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
        const auto found = state(config.name, timeout_);
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
        native_config.MaxAge = config.max_age.count() * ns_per_ms;
        native_config.Discard = config.max_age.count() > 0 ? js_DiscardOld : js_DiscardNew;
        native_config.DenyDelete = true;
        jsErrCode code{};
        const auto status = js_AddStream(nullptr, handle_.get(), &native_config, nullptr, &code);
        if (status == NATS_OK || code == JSStreamNameExistErr) return {};
        return failed("making stream " + config.name, status, code);
    }

    Result<StreamState> state(const std::string& stream, Duration timeout) override {
        BATON_TRY(const auto info, info_of(stream, timeout));
        StreamState state{
            .first = info->State.FirstSeq, .last = info->State.LastSeq, .bytes = info->State.Bytes};
        for (int i = 0; i < info->Config->SubjectsLen; ++i) {
            state.subjects.emplace_back(info->Config->Subjects[i]);
        }
        const auto* const cluster = info->Cluster;
        if (cluster == nullptr) return state;
        if (cluster->Leader != nullptr) state.leader = cluster->Leader;
        for (int i = 0; i < cluster->ReplicasLen; ++i) {
            const auto* const replica = cluster->Replicas[i];
            const bool is_away = replica->Offline || replica->Active > away_ms * ns_per_ms;
            state.is_caught_up &= replica->Current || is_away;
        }
        return state;
    }

    Result<void> move_stream(const std::string& stream, const std::string& subject) override {
        // A change that waited in a hung server would be made late.
        BATON_TRY_VOID(find_leader());
        BATON_TRY(const auto info, info_of(stream, timeout_));
        // All else stays as it is.
        jsStreamConfig native_config = *info->Config;
        const char* only = subject.c_str();
        native_config.Subjects = &only;
        native_config.SubjectsLen = 1;
        jsErrCode code{};
        const auto status = js_UpdateStream(nullptr, handle_.get(), &native_config, nullptr, &code);
        if (status != NATS_OK) {
            return failed("moving stream " + stream + " to " + subject, status, code);
        }
        return {};
    }

    Result<void> find_leader() override {
        // It is who leads them that answers this.
        jsAccountInfo* account = nullptr;
        jsErrCode code{};
        jsOptions options;
        jsOptions_Init(&options);
        options.Wait = std::min<std::int64_t>(timeout_.count(), leader_timeout_ms);
        const auto status = js_GetAccountInfo(&account, handle_.get(), &options, &code);
        jsAccountInfo_Destroy(account);
        if (status != NATS_OK) return failed("looking for the servers' leader", status, code);
        return {};
    }

    Result<void> delete_stream(const std::string& stream) override {
        jsErrCode code{};
        const auto status = js_DeleteStream(handle_.get(), stream.c_str(), nullptr, &code);
        if (status != NATS_OK) return failed("deleting stream " + stream, status, code);
        return {};
    }

    Result<void> step_down(const std::string& stream) override {
        return ask("STREAM.LEADER.STEPDOWN." + stream, "");
    }

    Result<std::uint64_t> publish(const Publication& publication) override {
        natsMsg* made = nullptr;
        auto status = natsMsg_Create(&made, std::string(publication.subject).c_str(), nullptr,
            publication.data.data(), static_cast<int>(publication.data.size()));
        const MsgHandle message(made);
        if (status == NATS_OK) status = add_headers(made, publication.headers);
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
        return ack->Sequence;
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
        return std::make_unique<StoredMessage>(
            MsgHandle(message), sequence, natsMsg_GetTime(message));
    }

    Result<std::unique_ptr<StreamReader>> read(
        const std::string& stream, std::uint64_t first) override {
        jsSubOptions options;
        jsSubOptions_Init(&options);
        options.Stream = stream.c_str();
        options.Ordered = true;
        options.Config.DeliverPolicy = js_DeliverByStartSequence;
        options.Config.OptStartSeq = first;
        natsSubscription* subscription = nullptr;
        jsErrCode code{};
        // What was published on the subjects that the stream had before as well.
        const auto status =
            js_SubscribeSync(&subscription, handle_.get(), ">", nullptr, &options, &code);
        if (status != NATS_OK) return failed("reading stream " + stream, status, code);
        SubscriptionHandle handle(subscription, EndSubscription{connection_});
        natsSubscription_SetPendingLimits(
            subscription, -1, -1);  // the flow is the server's to hold
        return std::make_unique<OrderedReader>(std::move(handle), stream, first);
    }

    Result<void> ask_to_purge(const std::string& stream, std::uint64_t sequence) override {
        return ask("STREAM.PURGE." + stream, fmt::format(R"({{"seq":{}}})", sequence));
    }

private:
    Result<void> ask(const std::string& request, const std::string& data) {
        const auto subject = "$JS.API." + request;
        // The server wants to know where to answer, though nobody listens.
        const auto status = natsConnection_PublishRequestString(
            native(*connection_), subject.c_str(), unique_name().c_str(), data.c_str());
        if (status != NATS_OK) return failed("asking for " + request, status);
        return {};
    }

    Result<StreamInfoHandle> info_of(const std::string& stream, Duration timeout) {
        jsOptions options;
        jsOptions_Init(&options);
        options.Wait = timeout.count();
        jsStreamInfo* info = nullptr;
        jsErrCode code{};
        const auto status = js_GetStreamInfo(&info, handle_.get(), stream.c_str(), &options, &code);
        if (status != NATS_OK) return failed("looking at stream " + stream, status, code);
        return StreamInfoHandle(info);
    }

    static natsStatus add_headers(natsMsg* message, const Headers& headers) {
        for (const auto& [name, value] : headers) {
            const auto status = natsMsgHeader_Set(message, name.c_str(), value.c_str());
            if (status != NATS_OK) return status;
        }
        return NATS_OK;
    }

    std::shared_ptr<Connection> connection_;
    JetStreamHandle handle_;
    const Duration timeout_;
};

}  // namespace

Result<std::unique_ptr<JetStream>> make_jetstream(
    std::shared_ptr<Connection> connection, Duration timeout) {
    BATON_TRY(auto context, open_context(*connection, timeout));
    return std::make_unique<NativeJetStream>(std::move(connection), std::move(context), timeout);
}

}  // namespace baton::nats

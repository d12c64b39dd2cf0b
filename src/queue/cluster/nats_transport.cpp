#include "queue/cluster/nats_transport.h"

#include <algorithm>
#include <list>
#include <mutex>
#include <utility>
#include <variant>

#include <fmt/core.h>

#include "queue/cluster/pieces.h"

namespace baton::queue::cluster {
namespace {

/// Of requests, and of answers, that have not come whole yet.
constexpr std::size_t unfinished_bytes_max = 256 * 1024 * 1024;

/// Whom events are told; shared with the watches, which may outlive the transport.
struct Watchers {
    using Told = std::function<void(std::string_view)>;
    std::mutex mutex;  // held while they are told, so that one that has gone is not called again
    std::list<Told> all;

    void tell(std::string_view event) {
        const std::scoped_lock lock(mutex);
        for (const auto& told : all) told(event);
    }
};

class EventWatch final : public Watch {
public:
    EventWatch(std::shared_ptr<Watchers> watchers, Watchers::Told told)
        : watchers_(std::move(watchers)) {
        const std::scoped_lock lock(watchers_->mutex);
        place_ = watchers_->all.insert(watchers_->all.end(), std::move(told));
    }
    ~EventWatch() override {
        const std::scoped_lock lock(watchers_->mutex);
        watchers_->all.erase(place_);
    }
    EventWatch(const EventWatch&) = delete;
    EventWatch& operator=(const EventWatch&) = delete;

private:
    std::shared_ptr<Watchers> watchers_;
    std::list<Watchers::Told>::iterator place_;
};

/// What answers need when they come; they may come after the transport has gone.
struct Sender {
    NatsTransportConfig config;
    std::shared_ptr<nats::Messaging> messaging;

    Result<void> send(const std::string& subject, const std::string& reply_to, const CallHead& head,
        std::string_view data) const {
        return cut(head, data, config.message_bytes_max,
            [&](std::string_view piece) { return messaging->publish(subject, reply_to, piece); });
    }
};

class CoreTransport final : public NatsTransport {
public:
    CoreTransport(NatsTransportConfig config, std::shared_ptr<nats::Messaging> messaging,
        const Directory& directory, Receive receive, baton::Log log)
        : sender_(std::make_shared<Sender>(Sender{std::move(config), std::move(messaging)})),
          directory_(directory),
          receive_(std::move(receive)),
          log_(std::move(log)),
          map_(sender_->config.partitions),
          inbox_(sender_->messaging->make_inbox()) {}
    ~CoreTransport() override {
        close();
        leave();
    }

    Result<void> start() {
        const auto& config = sender_->config;
        auto& messaging = *sender_->messaging;
        BATON_TRY(answers_, messaging.subscribe(inbox_ + ".*",
                                [this](const nats::Delivery& one) { take_answer(one); }));
        BATON_TRY(commands_, messaging.subscribe(command_subject(config.id, "*"),
                                 [this](const nats::Delivery& one) { take_command(one); }));
        BATON_TRY(events_, messaging.subscribe(config.cluster + ".event",
                               [this](const nats::Delivery& one) { watchers_->tell(one.data); }));
        BATON_TRY(returns_, messaging.subscribe(config.cluster + ".back",
                                [this](const nats::Delivery& one) { lose_calls_to(one.data); }));
        return {};
    }

    std::uint32_t partitions() const override { return map_.partitions(); }

    remote::Partition partition_of(const remote::Route& route) const override {
        if (const auto* name = std::get_if<QueueName>(&route)) return {map_.of(*name)};
        if (const auto* uid = std::get_if<remote::QueueUid>(&route)) {
            return {directory_.home_of(uid->value)};
        }
        return std::get<remote::Partition>(route);
    }

    Task<Result<Bytes>> call(remote::Route route, Bytes request, Deadline deadline) override {
        if (request.size() > remote::request_bytes_max) {
            co_return fail(Errc::payload_too_large, "a request to another daemon is too large");
        }
        const Partition partition = partition_of(route).number;
        const std::uint64_t number = calls_.next_number();
        auto start = [this, partition, number, deadline, request = std::move(request)](
                         Completion<Result<Bytes>> done) {
            begin(partition, number, request, deadline, std::move(done));
        };
        auto cancel = [this, number] {
            calls_.finish(number, fail(Errc::cancelled, "the call was called off"));
        };
        auto answer = co_await await_completion<Result<Bytes>>(std::move(start), std::move(cancel));
        co_return answer;
    }

    void tell(const remote::Route& route, Bytes request) override {
        const Partition partition = partition_of(route).number;
        const auto leader = directory_.leader(partition);
        if (leader.id.text.empty()) return;
        if (leader.id == sender_->config.id) {
            Completion<Bytes> nobody = [](const Bytes&) {};
            const bool is_served = receive_(partition, request, nobody);
            static_cast<void>(is_served);  // it may be lost
            return;
        }
        const CallHead head{
            .partition = partition, .caller = sender_->config.random, .call = calls_.next_number()};
        const auto sent = sender_->send(
            command_subject(leader.id, std::to_string(partition)), {}, head, request.view());
        static_cast<void>(sent);  // it may be lost
    }

    std::unique_ptr<Watch> watch(std::function<void(std::string_view)> event) override {
        return std::make_unique<EventWatch>(watchers_, std::move(event));
    }

    Result<void> health() const override { return directory_.health(); }

    void close() override { calls_.close(); }

    void leave() override {
        commands_.reset();
        answers_.reset();
        events_.reset();
        returns_.reset();
    }

    void sweep() override { calls_.sweep(directory_); }

    void came_back() override {
        const auto& config = sender_->config;
        calls_.lose([&](const DaemonId& to) { return to != config.id; },
            "the connection to NATS was lost meanwhile");
        const auto told = sender_->messaging->publish(config.cluster + ".back", {}, config.id.text);
        static_cast<void>(told);  // if it is lost again, this comes again
    }

    void tell_event(const Bytes& event) override {
        const auto told =
            sender_->messaging->publish(sender_->config.cluster + ".event", {}, event.view());
        static_cast<void>(told);  // some may be lost
    }

private:
    [[nodiscard]] std::string command_subject(
        const DaemonId& to, std::string_view partition) const {
        return fmt::format("{}.command.{}.{}", sender_->config.cluster, to.text, partition);
    }

    void lose_calls_to(std::string_view id) {
        if (id == sender_->config.id.text) return;
        calls_.lose([&](const DaemonId& to) { return to.text == id; },
            "its leader's connection to NATS was lost meanwhile");
    }

    static std::unexpected<Error> not_served(Partition partition) {
        return fail(
            Errc::unavailable, fmt::format("partition {} has no leader at the moment", partition));
    }

    void begin(Partition partition, std::uint64_t number, const Bytes& request, Deadline deadline,
        Completion<Result<Bytes>> done) {
        if (directory_.is_cut_off()) {
            // Another daemon may be better off: its clients should hear that at once.
            return done(fail(Errc::queue_unavailable, "this daemon is cut off from NATS"));
        }
        const auto leader = directory_.leader(partition);
        if (leader.id.text.empty() || !leader.is_serving) return done(not_served(partition));
        if (!calls_.add(number, partition, leader.id, deadline, std::move(done))) return;
        if (leader.id == sender_->config.id) {
            Completion<Bytes> answer = [this, number](Bytes bytes) {
                calls_.finish(number, std::move(bytes));
            };
            if (!receive_(partition, request, answer)) calls_.finish(number, not_served(partition));
            return;
        }
        const CallHead head{
            .partition = partition, .caller = sender_->config.random, .call = number};
        const auto sent = sender_->send(command_subject(leader.id, std::to_string(partition)),
            fmt::format("{}.{}", inbox_, number), head, request.view());
        // Part of a request is executed by nobody.
        if (!sent) calls_.finish(number, fail(Errc::unavailable, sent.error().detail));
    }

    void take_answer(const nats::Delivery& delivery) {
        if (delivery.nobody_listens) {
            const auto number = delivery.subject.substr(inbox_.size() + 1);
            return calls_.finish(std::stoull(std::string(number)),
                fail(Errc::unavailable, "the daemon that led the partition has gone"));
        }
        auto whole = answer_pieces_.add(delivery.data);
        if (!whole) return log_.debug("an answer was dropped", {{"error", whole.error().detail}});
        if (!*whole) return;
        const auto& head = (*whole)->head;
        if (head.kind == CallHead::Kind::not_served) {
            return calls_.finish(head.call, not_served(head.partition));
        }
        calls_.finish(head.call, Bytes(std::move((*whole)->data)));
    }

    void take_command(const nats::Delivery& delivery) {
        auto whole = command_pieces_.add(delivery.data);
        if (!whole) return log_.debug("a command was dropped", {{"error", whole.error().detail}});
        if (!*whole) return;
        auto head = (*whole)->head;
        const std::string reply_to(delivery.reply_to);
        Completion<Bytes> answer = [sender = sender_, head, reply_to](const Bytes& bytes) mutable {
            if (reply_to.empty()) return;
            head.kind = CallHead::Kind::answer;
            const auto sent = sender->send(reply_to, {}, head, bytes.view());
            static_cast<void>(sent);  // who asked finds out by its deadline
        };
        const Bytes request(std::move((*whole)->data));
        if (receive_(head.partition, request, answer) || reply_to.empty()) return;
        head.kind = CallHead::Kind::not_served;
        const auto sent = sender_->send(reply_to, {}, head, {});
        static_cast<void>(sent);
    }

    std::shared_ptr<const Sender> sender_;
    const Directory& directory_;
    Receive receive_;
    baton::Log log_;
    const PartitionMap map_;
    const std::string inbox_;
    std::shared_ptr<Watchers> watchers_ = std::make_shared<Watchers>();
    Calls calls_;
    Assembler answer_pieces_{unfinished_bytes_max};   // of the thread of `answers_`
    Assembler command_pieces_{unfinished_bytes_max};  // of the thread of `commands_`
    std::unique_ptr<nats::Subscription> answers_;
    std::unique_ptr<nats::Subscription> commands_;
    std::unique_ptr<nats::Subscription> events_;
    std::unique_ptr<nats::Subscription> returns_;
};

}  // namespace

Result<std::unique_ptr<NatsTransport>> make_nats_transport(NatsTransportConfig config,
    std::shared_ptr<nats::Messaging> messaging, const Directory& directory, Receive receive,
    baton::Log log) {
    auto transport = std::make_unique<CoreTransport>(
        std::move(config), std::move(messaging), directory, std::move(receive), std::move(log));
    BATON_TRY_VOID(transport->start());
    return transport;
}

}  // namespace baton::queue::cluster

// One /v1/stream: commands in, answers and events out, and the leases that live as long as it does.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/stream/command.h"
#include "api/stream/lease_book.h"
#include "api/stream/stream_door.h"
#include "api/stream/stream_metrics.h"
#include "net/web_socket.h"
#include "runtime/event.h"
#include "runtime/task_group.h"
#include "service/queue_service.h"

namespace baton::api::stream {

/// What all connections of one door share.
struct StreamContext {
    service::QueueService& queues;
    service::LogService& logs;
    service::OutputService& outputs;
    StreamConfig config;
    StreamMetrics metrics;
};

/// Lives on the connection's executor, in the frame of the task that serves it.
class Connection final {
public:
    Connection(StreamContext& context, Caller caller, net::WebSocket& socket, Executor executor);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Serves until either side ends the connection, then answers what was begun and gives leases
    /// back. Call once; it must have ended before destruction.
    [[nodiscard]] Task<void> run();

private:
    using SteadyClock = std::chrono::steady_clock;

    struct Consumer {
        CommandId id = 0;
        QueueName queue;
        std::optional<SubscriptionName> subscription{};  ///< of a log; nothing is leased then
        std::uint64_t seen = 0;                          ///< of a log: pushed up to here
        service::PopOptions options;
        std::uint32_t credit = 0;
        bool popping = false;  ///< may be cancelled without losing messages
        bool ended = false;
        std::function<void()> cancel;
    };
    class InFlight;

    Task<void> read_commands();
    [[nodiscard]] Task<bool> ready_to_read();
    void begin(const std::string& frame);
    [[nodiscard]] Result<void> check_caller();
    void send_answer(const Command& command, const Result<std::string>& result);
    [[nodiscard]] std::optional<Result<std::string>> perform_now(const Command& command);
    Task<void> perform(std::shared_ptr<Command> command, std::size_t bytes);
    Task<Result<std::string>> perform_slowly(Command& command);
    Task<Result<std::string>> post(Post& post);
    Task<Result<std::string>> ack(Ack& ack);
    Task<Result<std::string>> nack(Nack& nack);
    Task<Result<std::string>> extend(Extend& extend);
    Task<Result<std::string>> reply(PostReply& reply);

    Task<Result<std::string>> subscribe(CommandId id, Subscribe& subscribe);
    Task<Result<std::string>> commit(Commit& commit);
    Task<Result<std::string>> append_output(AppendOutput& output);

    /// Whether one more consumer may begin.
    [[nodiscard]] Result<void> check_consumer(CommandId id, std::uint32_t credit);
    [[nodiscard]] Result<std::string> start_consumer(CommandId id, const Consume& consume);
    void end_consumer(const Consumer& consumer, const Error& error);
    Task<void> follow(std::shared_ptr<Consumer> consumer);
    Task<bool> push_all(const Consumer& consumer, std::vector<MessageView> messages);
    [[nodiscard]] Task<bool> send_in_turn(std::string event);
    [[nodiscard]] Result<std::string> add_credit(const AddCredit& credit);
    [[nodiscard]] Result<std::string> cancel_consumer(const CancelConsumer& cancel);
    Task<void> deliver(std::shared_ptr<Consumer> consumer);
    [[nodiscard]] Task<bool> ready_to_deliver(const Consumer& consumer);
    Task<void> push(const Consumer& consumer, std::vector<LeasedMessage> messages);

    void hold(const std::vector<LeasedMessage>& messages, Duration lease);
    struct Held {
        Receipt receipt;
        Duration lease{};
    };
    /// Receipts that are being settled are not renewed meanwhile; those come back that we held.
    [[nodiscard]] std::vector<Held> let_go(const std::vector<std::string>& receipts);
    void hold_again(const std::vector<Held>& held);
    Task<void> renew_leases();
    Task<void> renew(LeaseBook::Renewal renewal);
    void watch_cancels();
    void on_cancelled(const MessageId& message);
    Task<void> wind_up();

    StreamContext& context_;
    Caller caller_;
    net::WebSocket& socket_;
    Executor executor_;
    LeaseBook leases_;
    std::map<CommandId, std::shared_ptr<Consumer>> consumers_;
    std::size_t commands_ = 0;
    std::size_t command_bytes_ = 0;
    SteadyClock::time_point checked_at_;
    Event command_ended_;
    Event leases_changed_;  ///< for those who wait for room, and for the next renewal
    Event credit_changed_;
    std::shared_ptr<std::atomic<std::size_t>> held_;  ///< leases; read by the watch's thread
    std::shared_ptr<Connection*> self_;  ///< null once gone, for what the watch has posted
    std::unique_ptr<queue::Watch> watch_;
    TaskGroup commands_group_;
    TaskGroup background_;
};

}  // namespace baton::api::stream

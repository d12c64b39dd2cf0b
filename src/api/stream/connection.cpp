#include "api/stream/connection.h"

#include <exception>
#include <utility>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/core.h>

#include "api/stream/answer.h"

namespace baton::api::stream {
namespace {

// What may wait for the peer before its commands are no longer read and nothing is pushed to it.
constexpr std::size_t unsent_low = 1'048'576;
// A revoked key may work on this long.
constexpr std::chrono::seconds check_interval{5};
// Commands under way when the connection ends may take this long.
constexpr std::chrono::seconds wind_up_time{5};
constexpr std::size_t give_back_max = service::QueueLimits::receipts_max;

bool is_cancellation(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const boost::system::system_error& error) {
        return error.code() == asio::error::operation_aborted;
    } catch (...) {
        return false;
    }
}

}  // namespace

/// Counts a command from its frame to its answer, however its task ends.
class Connection::InFlight {
public:
    InFlight(Connection& connection, std::size_t bytes) : connection_(connection), bytes_(bytes) {}
    ~InFlight() {
        --connection_.commands_;
        connection_.command_bytes_ -= bytes_;
        connection_.command_ended_.notify_all();
    }
    InFlight(const InFlight&) = delete;
    InFlight& operator=(const InFlight&) = delete;

private:
    Connection& connection_;
    std::size_t bytes_;
};

Connection::Connection(
    StreamContext& context, Caller caller, net::WebSocket& socket, Executor executor)
    : context_(context),
      caller_(std::move(caller)),
      socket_(socket),
      executor_(std::move(executor)),
      checked_at_(SteadyClock::now()),
      command_ended_(executor_),
      leases_changed_(executor_),
      credit_changed_(executor_),
      held_(std::make_shared<std::atomic<std::size_t>>(0)),
      self_(std::make_shared<Connection*>(this)),
      commands_group_(executor_),
      background_(executor_) {
    context_.metrics.connected();
}

Connection::~Connection() {
    *self_ = nullptr;
    context_.metrics.disconnected();
}

Task<void> Connection::run() {
    background_.spawn([this] { return renew_leases(); });
    std::exception_ptr failure;
    try {
        co_await read_commands();
    } catch (...) {
        failure = std::current_exception();
    }
    // Leases must go back even if the server has lost its patience.
    co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
    co_await wind_up();
    if (failure && !is_cancellation(failure)) std::rethrow_exception(failure);
}

Task<void> Connection::read_commands() {
    while (true) {
        const bool ready = co_await ready_to_read();
        if (!ready) co_return;
        auto frame = co_await socket_.read();
        if (!frame) co_return;
        begin(*frame);
    }
}

/// A client that does not read its answers, or is far ahead of them, is not read either.
Task<bool> Connection::ready_to_read() {
    const StreamConfig& config = context_.config;
    if (commands_ >= config.commands_max || command_bytes_ >= config.command_bytes_max) {
        context_.metrics.hit(StreamLimit::commands);
    }
    while (commands_ >= config.commands_max || command_bytes_ >= config.command_bytes_max) {
        const auto woken = co_await command_ended_.wait();
        static_cast<void>(woken);
    }
    if (socket_.unsent() <= unsent_low) co_return true;
    const bool drained = co_await socket_.drained(unsent_low);
    co_return drained;
}

Result<void> Connection::check_caller() {
    const auto now = SteadyClock::now();
    if (now - checked_at_ < check_interval) return {};
    checked_at_ = now;
    if (caller_.still_allowed()) return {};
    socket_.close(net::CloseCode::policy_violation, "the key is no longer valid");
    return fail(Errc::unauthenticated, "the key is no longer valid");
}

/// Commands begin in the order in which they come.
void Connection::begin(const std::string& frame) {
    if (!check_caller()) return;
    auto command = read_command(frame);
    if (!command) {
        socket_.send(error_answer(command.error().id, command.error().error));
        return;
    }
    if (const auto result = perform_now(*command)) {
        send_answer(*command, *result);
        return;
    }
    ++commands_;
    command_bytes_ += frame.size();
    const auto shared = std::make_shared<Command>(*std::move(command));
    commands_group_.spawn([this, shared, bytes = frame.size()] { return perform(shared, bytes); });
}

void Connection::send_answer(const Command& command, const Result<std::string>& result) {
    context_.metrics.answered(command.operation.index(), result.has_value());
    socket_.send(result ? answer(command.id, *result) : error_answer(command.id, result.error()));
}

Task<void> Connection::perform(std::shared_ptr<Command> command, std::size_t bytes) {
    const InFlight in_flight(*this, bytes);
    Result<std::string> result;
    try {
        result = co_await perform_slowly(*command);
    } catch (const std::exception& error) {
        // The end of the connection cancels what waits; anything else is a fault of ours.
        result =
            fail(Errc::internal, std::string("the command was not carried out: ") + error.what());
    }
    send_answer(*command, result);
}

/// What only concerns the connection itself.
std::optional<Result<std::string>> Connection::perform_now(const Command& command) {
    if (const auto* consume = std::get_if<Consume>(&command.operation)) {
        return start_consumer(command.id, *consume);
    }
    if (const auto* credit = std::get_if<AddCredit>(&command.operation)) return add_credit(*credit);
    if (const auto* cancel = std::get_if<CancelConsumer>(&command.operation)) {
        return cancel_consumer(*cancel);
    }
    return std::nullopt;
}

Task<Result<std::string>> Connection::perform_slowly(Command& command) {
    Operation& operation = command.operation;
    if (auto* given = std::get_if<Post>(&operation)) return post(*given);
    if (auto* given = std::get_if<Ack>(&operation)) return ack(*given);
    if (auto* given = std::get_if<Nack>(&operation)) return nack(*given);
    if (auto* given = std::get_if<Extend>(&operation)) return extend(*given);
    if (auto* given = std::get_if<Subscribe>(&operation)) return subscribe(command.id, *given);
    if (auto* given = std::get_if<Commit>(&operation)) return commit(*given);
    if (auto* given = std::get_if<AppendOutput>(&operation)) return append_output(*given);
    return reply(std::get<PostReply>(operation));
}

Task<Result<std::string>> Connection::post(Post& post) {
    queue::PostOptions options{.durability = post.durability};
    auto posting =
        context_.queues.post(caller_.who, std::move(post.queue), std::move(post.messages), options);
    BATON_CO_TRY(const auto posted, co_await std::move(posting));
    co_return posted_json(posted);
}

Task<Result<std::string>> Connection::ack(Ack& ack) {
    const auto ours = let_go(ack.receipts);
    auto settling = context_.queues.ack(caller_.who, std::nullopt, std::move(ack.receipts));
    const auto settlement = co_await std::move(settling);
    if (!settlement) hold_again(ours);
    BATON_CO_TRY_VOID(settlement);
    co_return settlement_json("acked", *settlement);
}

Task<Result<std::string>> Connection::nack(Nack& nack) {
    const auto ours = let_go(nack.receipts);
    auto settling = context_.queues.nack(
        caller_.who, std::nullopt, std::move(nack.receipts), std::move(nack.options));
    const auto settlement = co_await std::move(settling);
    if (!settlement) hold_again(ours);
    BATON_CO_TRY_VOID(settlement);
    co_return settlement_json("nacked", *settlement);
}

Task<Result<std::string>> Connection::extend(Extend& extend) {
    auto settling =
        context_.queues.extend(caller_.who, std::nullopt, std::move(extend.receipts), extend.lease);
    BATON_CO_TRY(const auto settlement, co_await std::move(settling));
    co_return settlement_json("extended", settlement);
}

Task<Result<std::string>> Connection::reply(PostReply& reply) {
    auto replying = context_.queues.reply(
        caller_.who, reply.message, std::move(reply.reply.result), std::move(reply.reply.metadata));
    BATON_CO_TRY_VOID(co_await std::move(replying));
    co_return std::string("{}");
}

Task<Result<std::string>> Connection::commit(Commit& commit) {
    auto committing = context_.logs.commit(caller_.who, std::move(commit.path), commit.seq);
    BATON_CO_TRY_VOID(co_await std::move(committing));
    co_return fmt::format(R"({{"committed":{}}})", commit.seq);
}

Task<Result<std::string>> Connection::append_output(AppendOutput& output) {
    const auto receipt = Receipt::parse(output.receipt);
    if (!receipt) {
        co_return fail_field(Errc::invalid_receipt, "receipt", receipt.error().detail);
    }
    auto appending = context_.outputs.append(
        caller_.who, receipt->message, std::move(output.receipt), std::move(output.events));
    BATON_CO_TRY(const auto next, co_await std::move(appending));
    co_return fmt::format(R"({{"next":{}}})", next);
}

/// Nothing new begins; what was begun ends; leases go back.
Task<void> Connection::wind_up() {
    co_await background_.stop();
    const auto cancelled = co_await commands_group_.drain(Deadline::after(wind_up_time));
    static_cast<void>(cancelled);
    watch_.reset();
    const auto receipts = leases_.all();
    for (std::size_t begin = 0; begin < receipts.size(); begin += give_back_max) {
        const auto end = std::min(begin + give_back_max, receipts.size());
        std::vector<Receipt> some(receipts.begin() + static_cast<std::ptrdiff_t>(begin),
            receipts.begin() + static_cast<std::ptrdiff_t>(end));
        // If it fails the leases run out by themselves.
        const auto given = co_await context_.queues.give_back(std::move(some));
        if (given) context_.metrics.given_back(end - begin);
    }
}

}  // namespace baton::api::stream

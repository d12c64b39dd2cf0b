#include "queue/engine/engine_queues.h"

#include <algorithm>
#include <random>
#include <type_traits>
#include <utility>

#include <boost/asio/this_coro.hpp>

#include "model/codec.h"
#include "runtime/blocking_pool.h"

namespace baton::queue {
namespace {

constexpr std::size_t read_threads = 2;
constexpr std::uint32_t post_max = 10'000;
constexpr std::uint32_t pop_max = 1'000;
constexpr std::uint32_t peek_max = 1'000;
constexpr Duration lease_max{12 * 3'600'000};

/// A command made of a function of engine and time.
template <class R, class Fn>
class FunctionCommand final : public Command {
public:
    FunctionCommand(Fn fn, Completion<R> done) : fn_(std::move(fn)), done_(std::move(done)) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = fn_(engine, now);
        return std::nullopt;
    }
    void finish(const Error* error) override {
        done_(error != nullptr ? R(std::unexpected(*error)) : std::move(answer_));
    }

private:
    Fn fn_;
    Completion<R> done_;
    R answer_{};
};

class PopCommand final : public Command {
public:
    using R = Result<std::vector<LeasedMessage>>;
    PopCommand(PopRequest request, Completion<R> done)
        : request_(std::move(request)), done_(std::move(done)) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = engine.pop(request_, now);
        if (!answer_ || !answer_->empty()) return std::nullopt;
        return Wait{.deadline = request_.wait,
            .queue_uid = engine.uid_of(request_.queue).value_or(0),
            .level = request_.level};
    }
    void finish(const Error* error) override {
        done_(error != nullptr ? R(std::unexpected(*error)) : std::move(answer_));
    }

private:
    PopRequest request_;
    Completion<R> done_;
    R answer_{};
};

class WaitReplyCommand final : public Command {
public:
    using R = Result<std::optional<KeptReply>>;
    WaitReplyCommand(MessageId message, Deadline deadline, Completion<R> done)
        : message_(message), deadline_(deadline), done_(std::move(done)) {}

    std::optional<Wait> apply(Engine& engine, TimePoint now) override {
        answer_ = engine.find_reply(message_, now);
        if (!answer_ || answer_->has_value()) return std::nullopt;
        return Wait{.deadline = deadline_, .reply_to = message_};
    }
    void finish(const Error* error) override {
        done_(error != nullptr ? R(std::unexpected(*error)) : std::move(answer_));
    }

private:
    MessageId message_;
    Deadline deadline_;
    Completion<R> done_;
    R answer_{};
};

Result<void> check_lease(Duration lease) {
    if (lease < Duration(1) || lease > lease_max) {
        return fail_field(Errc::invalid_argument, "lease_ms", "a lease lasts 1 ms to 12 hours");
    }
    return {};
}

/// A name by the rules, and a configuration that a store can write and read back.
Result<void> check_queue(const QueueName& name, const QueueConfig& config) {
    BATON_TRY_VOID(parse_queue_name(name.text));
    BATON_TRY(const auto read_back, queue_config_from_json(to_json(config)));
    if (read_back != config)
        return fail(Errc::invalid_argument, "the configuration is out of range");
    return {};
}

class EngineQueues final : public Queues {
public:
    EngineQueues(std::unique_ptr<Store> store, PipelineConfig config, const Clock& clock,
        MetricRegistry& metrics, Log log)
        : pipeline_(std::move(store), config, clock, metrics, std::move(log)) {}

    Result<void> start() { return pipeline_.start(); }

    void stop() override { pipeline_.stop(); }
    [[nodiscard]] Result<void> health() const override { return pipeline_.health(); }

    Task<Result<bool>> put_queue(QueueName name, QueueConfig config) override {
        if (auto checked = check_queue(name, config); !checked) {
            return fails<bool>(checked.error().field, checked.error().detail);
        }
        const std::uint64_t uid = random_uid();
        return run([=](Engine& engine, TimePoint now) {
            return engine.put_queue(name, config, uid, now);
        });
    }
    Task<Result<QueueInfo>> get_queue(QueueName name) override {
        return run([=](Engine& engine, TimePoint) { return engine.get_queue(name); });
    }
    Task<Result<std::vector<QueueInfo>>> list_queues() override {
        return run([](Engine& engine, TimePoint) {
            return Result<std::vector<QueueInfo>>(engine.list_queues());
        });
    }
    Task<Result<void>> delete_queue(QueueName name) override {
        return run([=](Engine& engine, TimePoint) { return engine.delete_queue(name); });
    }
    Task<Result<std::uint64_t>> purge(QueueName name) override {
        return run([=](Engine& engine, TimePoint now) { return engine.purge(name, now); });
    }
    Task<Result<void>> set_paused(QueueName name, bool paused) override {
        return run([=](Engine& engine, TimePoint) { return engine.set_paused(name, paused); });
    }
    Task<Result<QueueStats>> stats(QueueName name) override {
        return run([=](Engine& engine, TimePoint) { return engine.stats(name); });
    }

    Task<Result<std::vector<PostedMessage>>> post(
        QueueName queue, std::vector<NewMessage> messages) override {
        if (messages.empty() || messages.size() > post_max) {
            return fails<std::vector<PostedMessage>>(
                "messages", "a post takes 1 to 10,000 messages");
        }
        return run(
            [queue = std::move(queue), messages = std::move(messages)](Engine& engine,
                TimePoint now) mutable { return engine.post(queue, std::move(messages), now); });
    }
    Task<Result<std::optional<Reply>>> get_reply(MessageId message) override {
        return wait_reply(message, Deadline::after(Duration(0)));
    }
    Task<Result<std::optional<Reply>>> wait_reply(MessageId message, Deadline deadline) override;
    Task<Result<void>> cancel(MessageId message) override {
        return run([=](Engine& engine, TimePoint now) { return engine.cancel(message, now); });
    }

    Task<Result<std::vector<LeasedMessage>>> pop(PopRequest request) override;
    Task<Result<void>> ack(Receipt receipt) override {
        return run([=](Engine& engine, TimePoint now) { return engine.ack(receipt, now); });
    }
    Task<Result<NackOutcome>> nack(NackRequest request) override {
        if (request.delay < Duration(0) || request.delay > MessageLimits::period_max) {
            return fails<NackOutcome>("delay_ms", "a delay is 0 to ten years");
        }
        return run([=](Engine& engine, TimePoint now) { return engine.nack(request, now); });
    }
    Task<Result<TimePoint>> extend(Receipt receipt, Duration lease) override {
        if (auto checked = check_lease(lease); !checked) {
            return fails<TimePoint>(checked.error().field, checked.error().detail);
        }
        return run(
            [=](Engine& engine, TimePoint now) { return engine.extend(receipt, lease, now); });
    }
    Task<Result<void>> reply(MessageId message, Bytes result, std::string metadata) override {
        return run([=](Engine& engine, TimePoint now) {
            return engine.reply(message, result, metadata, now);
        });
    }

    Task<Result<std::vector<MessageView>>> peek(PeekRequest request) override;
    Task<Result<MessageView>> get(MessageId message) override;

private:
    template <class Fn>
    auto run(Fn fn) -> Task<std::invoke_result_t<Fn&, Engine&, TimePoint>> {
        using R = std::invoke_result_t<Fn&, Engine&, TimePoint>;
        return await_completion<R>([this, fn = std::move(fn)](Completion<R> done) mutable {
            pipeline_.submit(
                std::make_unique<FunctionCommand<R, Fn>>(std::move(fn), std::move(done)));
        });
    }

    /// A command that may wait, and is withdrawn when its task is cancelled.
    template <class C, class... Args>
    Task<typename C::R> run_waiting(Args... args) {
        const std::uint64_t ticket = pipeline_.next_ticket();
        return await_completion<typename C::R>(
            [this, ticket, ... args = std::move(args)](Completion<typename C::R> done) mutable {
                pipeline_.submit(std::make_unique<C>(std::move(args)..., std::move(done)), ticket);
            },
            [this, ticket] { pipeline_.withdraw(ticket); });
    }

    template <class T>
    static Task<Result<T>> fails(std::string field, std::string detail) {
        co_return fail_field(Errc::invalid_argument, std::move(field), std::move(detail));
    }

    static std::uint64_t random_uid() {
        std::random_device device;
        return (static_cast<std::uint64_t>(device()) << 32) | device();
    }

    /// Fetches what is not in memory; drops views of messages that have gone since.
    Task<Result<void>> fill(std::vector<MessageView*> views);
    void return_unseen(const std::vector<LeasedMessage>& popped);

    CommitPipeline pipeline_;
    BlockingPool readers_{read_threads};
};

Task<Result<std::vector<LeasedMessage>>> EngineQueues::pop(PopRequest request) {
    if (request.max == 0 || request.max > pop_max) {
        co_return fail_field(Errc::invalid_argument, "max", "a pop takes 1 to 1,000 messages");
    }
    BATON_CO_TRY_VOID(check_lease(request.lease));
    // A cancellation must not throw the leased messages away between here and the caller.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    auto popped = co_await run_waiting<PopCommand>(std::move(request));
    std::vector<MessageView*> views;
    if (popped) {
        for (auto& leased : *popped) views.push_back(&leased.message);
    }
    auto filled = co_await fill(std::move(views));
    const auto state = co_await asio::this_coro::cancellation_state;
    co_await asio::this_coro::throw_if_cancelled(throws);
    const bool cancelled = state.cancelled() != asio::cancellation_type::none;
    if (popped && (cancelled || !filled)) return_unseen(*popped);
    if (cancelled) co_return fail(Errc::cancelled, "the wait was called off");
    if (!popped) co_return std::unexpected(popped.error());
    if (!filled) co_return std::unexpected(filled.error());
    std::erase_if(*popped, [](const LeasedMessage& leased) { return !leased.message.data; });
    co_return std::move(*popped);
}

void EngineQueues::return_unseen(const std::vector<LeasedMessage>& popped) {
    for (const auto& leased : popped) {
        auto give_back = [receipt = leased.receipt](Engine& engine, TimePoint now) {
            return engine.nack({.receipt = receipt, .blame = Blame::none}, now);
        };
        pipeline_.submit(
            std::make_unique<FunctionCommand<Result<NackOutcome>, decltype(give_back)>>(
                std::move(give_back), [](const Result<NackOutcome>&) {}));
    }
}

Task<Result<void>> EngineQueues::fill(std::vector<MessageView*> views) {
    std::erase_if(views, [](const MessageView* view) { return view->data != nullptr; });
    std::erase_if(views, [](const MessageView* view) { return view->state == MessageState::done; });
    if (views.empty()) co_return Result<void>();
    std::vector<MessageId> ids;
    for (const auto* view : views) ids.push_back(view->id);
    const auto locate = [ids](Engine& engine, TimePoint) {
        std::vector<Locator> found;
        for (const auto& id : ids) found.push_back(engine.locate(id).value_or(Locator{}));
        return Result<std::vector<Locator>>(std::move(found));
    };
    auto locators = co_await run(locate);
    if (!locators) co_return std::unexpected(locators.error());
    const auto read_all = [this, at = *std::move(locators)] { return pipeline_.store().read(at); };
    auto read = co_await readers_.run(read_all);
    if (!read) co_return std::unexpected(read.error());
    for (std::size_t i = 0; i < views.size(); ++i) views[i]->data = std::move((*read)[i]);
    co_return Result<void>();
}

Task<Result<std::optional<Reply>>> EngineQueues::wait_reply(MessageId message, Deadline deadline) {
    auto kept = co_await run_waiting<WaitReplyCommand>(message, deadline);
    if (!kept) co_return std::unexpected(kept.error());
    if (!kept->has_value()) co_return std::optional<Reply>();
    std::shared_ptr<const Reply> reply = kept->value().reply;
    if (!reply) {
        const auto locate = [=](Engine& engine, TimePoint) { return engine.locate(message); };
        const auto locator = co_await run(locate);
        if (!locator) co_return std::unexpected(locator.error());
        const auto read_it = [this, at = *locator] { return pipeline_.store().read_reply(at); };
        auto read = co_await readers_.run(read_it);
        if (!read) co_return std::unexpected(read.error());
        reply = *std::move(read);
    }
    if (!reply) co_return std::optional<Reply>();
    Reply answer = *reply;
    answer.message = message;
    co_return std::optional<Reply>(std::move(answer));
}

Task<Result<std::vector<MessageView>>> EngineQueues::peek(PeekRequest request) {
    if (request.limit == 0 || request.limit > peek_max) {
        co_return fail_field(Errc::invalid_argument, "limit", "a page holds 1 to 1,000 messages");
    }
    const auto look = [request](Engine& engine, TimePoint) { return engine.peek(request); };
    auto views = co_await run(look);
    if (!views) co_return std::unexpected(views.error());
    std::vector<MessageView*> all;
    for (auto& view : *views) all.push_back(&view);
    auto filled = co_await fill(std::move(all));
    if (!filled) co_return std::unexpected(filled.error());
    std::erase_if(*views, [](const MessageView& view) { return !view.data; });
    co_return std::move(*views);
}

Task<Result<MessageView>> EngineQueues::get(MessageId message) {
    const auto look = [=](Engine& engine, TimePoint now) { return engine.get(message, now); };
    auto view = co_await run(look);
    if (!view) co_return std::unexpected(view.error());
    std::vector<MessageView*> one{&*view};
    auto filled = co_await fill(std::move(one));
    if (!filled) co_return std::unexpected(filled.error());
    if (!view->data && view->state != MessageState::done) {
        co_return fail(Errc::message_not_found, "the message has finished");
    }
    co_return *std::move(view);
}

}  // namespace

Result<std::unique_ptr<Queues>> make_engine_queues(std::unique_ptr<Store> store,
    PipelineConfig config, const Clock& clock, MetricRegistry& metrics, Log log) {
    auto queues =
        std::make_unique<EngineQueues>(std::move(store), config, clock, metrics, std::move(log));
    BATON_TRY_VOID(queues->start());
    return queues;
}

}  // namespace baton::queue

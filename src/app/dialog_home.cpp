#include "app/dialog_home.h"

#include <utility>

#include "runtime/task_group.h"
#include "service/conversation_ending.h"

namespace baton::app {
namespace {

service::MessageServiceConfig message_config(const Config& config) {
    return {.default_agent = config.agents.front().id,
        .max_retries = config.scheduler.max_retries,
        .timeout = config.scheduler.timeout,
        .rules = config.preprocessor,
        .idle_time = config.conversations.idle_time,
        .user_limits = config.conversations.users};
}

using DialogStore = conversations::Store;

class OpenDialogs final : public DialogHome {
public:
    OpenDialogs(const Config& config, queue::Queues& queues, DialogStore& store,
        const agents::Runtime& agents, IoPool& io, std::size_t executor, const Clock& clock,
        const Log& log)
        : io_(io),
          executor_(executor),
          ending_{.queues = queues,
              .writer = *store.writer,
              .keeper = *store.keeper,
              .users = *store.users,
              .clock = clock},
          messages_(queues, *store.conversations, agents, clock, message_config(config),
              log.channel("service"), store.users.get()),
          traces_(messages_, *store.steps),
          conversations_(ending_, *store.conversations, config.conversations.idle_time),
          users_(*store.users, clock, config.conversations.users),
          search_(*store.search),
          history_(queues, clock),
          sweep_{.interval = config.conversations.sweep_interval,
              .idle_time = config.conversations.idle_time},
          sample_interval_(config.queue.sample_interval),
          log_(log.channel("service")) {
        io_.run_on(executor_, start());
    }

    service::MessageService& messages() override { return messages_; }
    service::TraceService& traces() override { return traces_; }
    service::ConversationService& conversations() override { return conversations_; }
    service::UserService& users() override { return users_; }
    service::SearchService& search() override { return search_; }
    service::QueueHistory& history() override { return history_; }

    void stop() override {
        messages_.end_waits();
        io_.run_on(executor_, tasks_->stop());
    }

private:
    Task<void> start() {
        tasks_ = std::make_unique<TaskGroup>(co_await asio::this_coro::executor);
        tasks_->spawn([this] { return service::sweep_for_ever(ending_, sweep_, log_); });
        tasks_->spawn(
            [this] { return service::sample_for_ever(history_, sample_interval_, log_); });
    }

    IoPool& io_;
    const std::size_t executor_;
    service::EndingDeps ending_;
    service::MessageService messages_;
    service::TraceService traces_;
    service::ConversationService conversations_;
    service::UserService users_;
    service::SearchService search_;
    service::QueueHistory history_;
    service::SweepConfig sweep_;
    Duration sample_interval_;
    Log log_;
    std::unique_ptr<TaskGroup> tasks_;  // last: they use the rest
};

}  // namespace

std::unique_ptr<DialogHome> open_dialogs(const Config& config, queue::Queues& queues,
    conversations::Store& store, const agents::Runtime& agents, IoPool& io, std::size_t executor,
    const Clock& clock, const Log& log) {
    return std::make_unique<OpenDialogs>(config, queues, store, agents, io, executor, clock, log);
}

}  // namespace baton::app

// All ports over one writing connection and a few reading ones.
#include <array>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "conversations/conversations.h"
#include "conversations/group_writer.h"
#include "conversations/reader.h"
#include "conversations/writes.h"
#include "runtime/blocking_pool.h"

namespace baton::conversations {
namespace {

/// As many readers as pool threads, so a call always finds one that is free.
class Readers final {
public:
    explicit Readers(std::vector<std::unique_ptr<Reader>> readers)
        : free_(std::move(readers)), pool_(free_.size()) {}

    /// Runs `body` (Result<T>(Reader&)) on a pool thread. Fails: overloaded, or what `body`
    /// returns.
    template <class Body>
    [[nodiscard]] auto run(Body body) {
        return pool_.run([this, body = std::move(body)]() mutable {
            auto reader = take();
            auto result = body(*reader);
            give_back(std::move(reader));
            return result;
        });
    }

private:
    std::unique_ptr<Reader> take() {
        const std::scoped_lock lock(mutex_);
        auto reader = std::move(free_.back());
        free_.pop_back();
        return reader;
    }
    void give_back(std::unique_ptr<Reader> reader) {
        const std::scoped_lock lock(mutex_);
        free_.push_back(std::move(reader));
    }

    std::mutex mutex_;
    std::vector<std::unique_ptr<Reader>> free_;
    BlockingPool pool_;  // last: its calls use the rest
};

/// What the two ports share.
struct Core {
    Core(std::unique_ptr<db::Connection> connection, std::vector<std::unique_ptr<Reader>> given)
        : writer(std::move(connection)), readers(std::move(given)) {}

    GroupWriter writer;
    Readers readers;
};

class StoredConversations final : public Conversations {
public:
    explicit StoredConversations(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<bool>> create(Conversation conversation) override {
        return core_->writer.run<bool>(
            [conversation = std::move(conversation)](db::Connection& connection) {
                return insert_conversation(connection, conversation);
            });
    }

    Task<Result<Conversation>> get(ConversationId id) override {
        return core_->readers.run([id = std::move(id)](Reader& reader) { return reader.get(id); });
    }

    Task<Result<Page<Conversation>>> list(ConversationFilter filter, PageRequest page) override {
        return core_->readers.run([filter = std::move(filter), page = std::move(page)](
                                      Reader& reader) { return reader.list(filter, page); });
    }

    Task<Result<bool>> add_message(DialogMessage message) override {
        return core_->writer.run<bool>([message = std::move(message)](db::Connection& connection) {
            return insert_message(connection, message);
        });
    }

    Task<Result<DialogMessage>> get_message(MessageId id) override {
        return core_->readers.run([id](Reader& reader) { return reader.get_message(id); });
    }

    Task<Result<Page<DialogMessage>>> list_messages(
        MessageFilter filter, PageRequest page) override {
        return core_->readers.run(
            [filter = std::move(filter), page = std::move(page)](
                Reader& reader) { return reader.list_messages(filter, page); });
    }

    Task<Result<std::vector<DialogMessage>>> history(
        ConversationId id, MessageId before, std::uint32_t limit) override {
        return core_->readers.run([id = std::move(id), before, limit](Reader& reader) {
            return reader.history(id, before, limit);
        });
    }

private:
    std::shared_ptr<Core> core_;
};

class StoredDialogWriter final : public DialogWriter {
public:
    explicit StoredDialogWriter(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<void>> mark_processing(
        MessageId id, std::uint32_t retry_count, TimePoint at) override {
        return progress(
            {.id = id, .status = DialogStatus::processing, .retry_count = retry_count, .at = at});
    }

    Task<Result<void>> mark_waiting(
        MessageId id, std::uint32_t retry_count, std::string error, TimePoint at) override {
        return progress({.id = id,
            .status = DialogStatus::pending,
            .retry_count = retry_count,
            .error = std::move(error),
            .at = at});
    }

    Task<Result<bool>> complete(MessageId id, DialogReply reply) override {
        return core_->writer.run<bool>([id, reply = std::move(reply)](db::Connection& connection) {
            return write_reply(connection, id, reply);
        });
    }

    Task<Result<void>> fail(FailedRun run) override {
        return core_->writer.run<void>([run = std::move(run)](db::Connection& connection) {
            return write_failure(connection, run);
        });
    }

    Task<Result<std::vector<MessageId>>> unfinished(
        std::optional<MessageId> after, std::uint32_t limit) override {
        return core_->readers.run(
            [after, limit](Reader& reader) { return reader.unfinished(after, limit); });
    }

private:
    Task<Result<void>> progress(Progress progress) {
        return core_->writer.run<void>(
            [progress = std::move(progress)](
                db::Connection& connection) { return write_progress(connection, progress); });
    }

    std::shared_ptr<Core> core_;
};

class StoredRunSteps final : public RunSteps {
public:
    explicit StoredRunSteps(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<std::vector<RunStep>>> steps(MessageId id) override {
        return core_->readers.run([id](Reader& reader) { return reader.steps(id); });
    }

    Task<Result<bool>> add_step(MessageId id, RunStep step) override {
        return core_->writer.run<bool>([id, step = std::move(step)](db::Connection& connection) {
            return insert_step(connection, id, step);
        });
    }

    Task<Result<bool>> finish(MessageId id, RunStep last, DialogReply reply) override {
        return core_->writer.run<bool>(
            [id, last = std::move(last), reply = std::move(reply)](db::Connection& connection) {
                return write_last_step(connection, id, last, reply);
            });
    }

private:
    std::shared_ptr<Core> core_;
};

}  // namespace

Result<Store> make_store(db::Database& database, StoreConfig config) {
    BATON_TRY(auto connection, database.connect());
    std::vector<std::unique_ptr<Reader>> readers;
    for (std::size_t i = 0; i < config.readers; ++i) {
        BATON_TRY(auto reading, database.connect());
        readers.push_back(std::make_unique<Reader>(std::move(reading)));
    }
    auto core = std::make_shared<Core>(std::move(connection), std::move(readers));
    Store store;
    store.conversations = std::make_unique<StoredConversations>(core);
    store.writer = std::make_unique<StoredDialogWriter>(core);
    store.steps = std::make_unique<StoredRunSteps>(std::move(core));
    return store;
}

}  // namespace baton::conversations

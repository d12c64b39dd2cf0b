// All ports over one writing connection and a few reading ones.
#include <array>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "conversations/conversations.h"
#include "conversations/group_writer.h"
#include "conversations/keeping_writes.h"
#include "conversations/reader.h"
#include "conversations/search_writes.h"
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
    Core(std::unique_ptr<db::Connection> connection, std::string_view kind,
        std::vector<std::unique_ptr<Reader>> given)
        : writer(std::move(connection),
              [kind](Transaction& transaction) { return index_new_texts(transaction, kind); }),
          readers(std::move(given)) {}

    GroupWriter writer;
    Readers readers;
};

class StoredConversations final : public Conversations {
public:
    explicit StoredConversations(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<bool>> create(Conversation conversation) override {
        return core_->writer.run<bool>(
            [conversation = std::move(conversation)](Transaction& transaction) {
                return insert_conversation(transaction, conversation);
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
        return core_->writer.run<bool>([message = std::move(message)](Transaction& transaction) {
            return insert_message(transaction, message);
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
        return core_->writer.run<bool>([id, reply = std::move(reply)](Transaction& transaction) {
            return write_reply(transaction, id, reply);
        });
    }

    Task<Result<void>> fail(FailedRun run) override {
        return core_->writer.run<void>([run = std::move(run)](Transaction& transaction) {
            return write_failure(transaction, run);
        });
    }

    Task<Result<std::vector<MessageId>>> unfinished(
        std::optional<MessageId> after, std::uint32_t limit) override {
        return core_->readers.run(
            [after, limit](Reader& reader) { return reader.unfinished(after, limit); });
    }

private:
    Task<Result<void>> progress(Progress progress) {
        return core_->writer.run<void>([progress = std::move(progress)](Transaction& transaction) {
            return write_progress(transaction, progress);
        });
    }

    std::shared_ptr<Core> core_;
};

class StoredRunSteps final : public RunSteps {
public:
    explicit StoredRunSteps(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<std::vector<RunStep>>> steps(MessageId id) override {
        return core_->readers.run([id](Reader& reader) { return reader.steps(id); });
    }

    Task<Result<StepPage>> step_page(
        MessageId id, std::optional<std::uint32_t> after, std::uint32_t limit) override {
        return core_->readers.run(
            [=](Reader& reader) { return reader.step_page(id, after, limit); });
    }

    Task<Result<bool>> add_step(MessageId id, RunStep step) override {
        return core_->writer.run<bool>([id, step = std::move(step)](Transaction& transaction) {
            return insert_step(transaction, id, step);
        });
    }

    Task<Result<bool>> finish(MessageId id, RunStep last, DialogReply reply) override {
        return core_->writer.run<bool>(
            [id, last = std::move(last), reply = std::move(reply)](Transaction& transaction) {
                return write_last_step(transaction, id, last, reply);
            });
    }

private:
    std::shared_ptr<Core> core_;
};

class StoredKeeper final : public Keeper {
public:
    explicit StoredKeeper(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<Conversation>> change(
        ConversationId id, ConversationChange change, TimePoint at) override {
        return core_->writer.run<Conversation>(
            [id = std::move(id), change = std::move(change), at](Transaction& transaction) {
                return change_conversation(transaction, id, change, at);
            });
    }

    Task<Result<void>> remove(ConversationId id, TimePoint at) override {
        return core_->writer.run<void>([id = std::move(id), at](Transaction& transaction) {
            return remove_conversation(transaction, id, at);
        });
    }

    Task<Result<std::uint64_t>> remove_expired(
        TimePoint now, TimePoint idle_since, std::uint32_t limit) override {
        return core_->writer.run<std::uint64_t>([now, idle_since, limit](Transaction& transaction) {
            return conversations::remove_expired(transaction, now, idle_since, limit);
        });
    }

    Task<Result<std::vector<ConversationId>>> removed(
        ConversationId after, std::uint32_t limit) override {
        return core_->readers.run([after = std::move(after), limit](
                                      Reader& reader) { return reader.removed(after, limit); });
    }

    Task<Result<std::vector<MessageId>>> unfinished_of(
        ConversationId id, std::uint32_t limit) override {
        return core_->readers.run([id = std::move(id), limit](
                                      Reader& reader) { return reader.unfinished_of(id, limit); });
    }

    Task<Result<std::uint64_t>> purge(
        ConversationId id, std::uint32_t limit, TimePoint stones_before) override {
        return core_->writer.run<std::uint64_t>(
            [id = std::move(id), limit, stones_before](Transaction& transaction) {
                return purge_conversation(transaction, id, limit, stones_before);
            });
    }

    Task<Result<void>> delete_message(MessageId id) override {
        return core_->writer.run<void>([id](Transaction& transaction) {
            return conversations::delete_message(transaction, id);
        });
    }

    Task<Result<void>> reopen(MessageId id, TimePoint at) override {
        return core_->writer.run<void>(
            [id, at](Transaction& transaction) { return reopen_message(transaction, id, at); });
    }

private:
    std::shared_ptr<Core> core_;
};

class StoredUsers final : public Users {
public:
    explicit StoredUsers(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<User>> put_user(User user) override {
        return core_->writer.run<User>([user = std::move(user)](Transaction& transaction) {
            return conversations::put_user(transaction, user);
        });
    }

    Task<Result<std::optional<User>>> find_user(UserId id) override {
        return core_->readers.run(
            [id = std::move(id)](Reader& reader) { return reader.find_user(id); });
    }

    Task<Result<UserPage>> list_users(UserId after, std::uint32_t limit) override {
        return core_->readers.run([after = std::move(after), limit](
                                      Reader& reader) { return reader.list_users(after, limit); });
    }

    Task<Result<bool>> delete_user(UserId id) override {
        return core_->writer.run<bool>([id = std::move(id)](Transaction& transaction) {
            return conversations::delete_user(transaction, id);
        });
    }

    Task<Result<void>> count_message(UserId id, QuotaDefaults limits, TimePoint at) override {
        return core_->writer.run<void>([id = std::move(id), limits, at](Transaction& transaction) {
            return conversations::count_message(transaction, id, limits, at);
        });
    }

    Task<Result<void>> forget_counts(TimePoint before, std::uint32_t limit) override {
        return core_->writer.run<void>([before, limit](Transaction& transaction) {
            return conversations::forget_counts(transaction, before, limit);
        });
    }

private:
    std::shared_ptr<Core> core_;
};

class StoredSearch final : public Search {
public:
    explicit StoredSearch(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<SearchPage<MessageHit>>> search_messages(SearchRequest request) override {
        return core_->readers.run([request = std::move(request)](
                                      Reader& reader) { return reader.search_messages(request); });
    }

    Task<Result<SearchPage<Conversation>>> search_conversations(SearchRequest request) override {
        return core_->readers.run([request = std::move(request)](Reader& reader) {
            return reader.search_conversations(request);
        });
    }

private:
    std::shared_ptr<Core> core_;
};

class StoredSummaries final : public Summaries {
public:
    explicit StoredSummaries(std::shared_ptr<Core> core) : core_(std::move(core)) {}

    Task<Result<std::optional<Summary>>> summary(ConversationId id, MessageId before) override {
        return core_->readers.run(
            [id = std::move(id), before](Reader& reader) { return reader.summary(id, before); });
    }

    Task<Result<void>> keep_summary(Summary summary) override {
        return core_->writer.run<void>([summary = std::move(summary)](Transaction& transaction) {
            return insert_summary(transaction, summary);
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
        readers.push_back(std::make_unique<Reader>(std::move(reading), database.kind()));
    }
    auto core = std::make_shared<Core>(std::move(connection), database.kind(), std::move(readers));
    Store store;
    store.conversations = std::make_unique<StoredConversations>(core);
    store.writer = std::make_unique<StoredDialogWriter>(core);
    store.steps = std::make_unique<StoredRunSteps>(core);
    store.keeper = std::make_unique<StoredKeeper>(core);
    store.users = std::make_unique<StoredUsers>(core);
    store.search = std::make_unique<StoredSearch>(core);
    store.summaries = std::make_unique<StoredSummaries>(std::move(core));
    return store;
}

}  // namespace baton::conversations

// Buckets of several daemons over one stream.
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nats/key_value.h"
#include "support/eventually.h"
#include "support/fake_jetstream.h"

namespace baton::test {
namespace {

using nats::KeyEntry;
using nats::KeyValue;

constexpr Duration ttl{3'000};
constexpr Duration patience{200};

/// What becomes of what is sent.
enum class Fate { pass, lose_answer, lose_request };

/// One stream and its clock, which stands still.
struct Server {
    std::mutex mutex;
    struct Stored {
        nats::Headers headers;
        std::string data;
        std::int64_t ms = 0;
    };
    std::vector<Stored> messages;
    std::uint64_t first = 1;
    std::int64_t now_ms = 1'000'000;
    Fate fate = Fate::pass;
    int step_downs = 0;

    template <class Do>
    void change(const Do& what) {
        const std::scoped_lock lock(mutex);
        what(*this);
    }
};

class Client final : public nats::JetStream {
public:
    explicit Client(std::shared_ptr<Server> server) : server_(std::move(server)) {}

    std::size_t max_payload() const override { return 1'000'000; }
    std::string unique_name() override { return "name"; }
    Result<void> ensure_stream(const nats::StreamConfig& config) override {
        EXPECT_EQ(config.name, "c-bucket");
        EXPECT_GT(config.max_age, 2 * ttl);
        return {};
    }
    Result<nats::StreamState> state(const std::string&, Duration) override {
        const std::scoped_lock lock(server_->mutex);
        return nats::StreamState{.first = server_->first, .last = server_->messages.size()};
    }
    Result<void> move_stream(const std::string&, const std::string&) override { return {}; }
    Result<void> find_leader() override { return {}; }
    Result<void> delete_stream(const std::string&) override { return {}; }
    Result<void> step_down(const std::string&) override {
        const std::scoped_lock lock(server_->mutex);
        ++server_->step_downs;
        return {};
    }
    Result<std::uint64_t> publish(const nats::Publication& publication) override {
        const std::scoped_lock lock(server_->mutex);
        if (server_->fate != Fate::lose_request) {
            server_->messages.push_back(
                {publication.headers, std::string(publication.data), server_->now_ms});
        }
        if (server_->fate == Fate::pass) return server_->messages.size();
        return fail(Errc::deadline_exceeded, "no answer");
    }
    Result<std::unique_ptr<nats::Message>> get(
        const std::string&, std::uint64_t sequence) override {
        const std::scoped_lock lock(server_->mutex);
        if (sequence < server_->first || sequence > server_->messages.size()) {
            return fail(Errc::not_found, "no message");
        }
        const auto& stored = server_->messages[sequence - 1];
        return std::make_unique<FakeMessage>(sequence, stored.headers, stored.data, stored.ms);
    }
    Result<std::unique_ptr<nats::StreamReader>> read(const std::string&, std::uint64_t) override {
        return fail(Errc::unsupported, "no consumer");
    }
    Result<void> ask_to_purge(const std::string&, std::uint64_t) override { return {}; }

private:
    std::shared_ptr<Server> server_;
};

/// What a watch has told.
class Told {
public:
    KeyValue::Handler handler() {
        return [this](const KeyEntry* entry) {
            const std::scoped_lock lock(mutex_);
            if (entry == nullptr) {
                ++complete_;
                values_at_complete_ = values_;
            } else {
                values_[entry->key] = entry->value;
                ++entries_;
            }
        };
    }
    std::string value(const std::string& key) {
        const std::scoped_lock lock(mutex_);
        return values_[key];
    }
    std::string value_at_complete(const std::string& key) {
        const std::scoped_lock lock(mutex_);
        return values_at_complete_[key];
    }
    int complete() {
        const std::scoped_lock lock(mutex_);
        return complete_;
    }
    int entries() {
        const std::scoped_lock lock(mutex_);
        return entries_;
    }

private:
    std::mutex mutex_;
    std::map<std::string, std::string> values_;
    std::map<std::string, std::string> values_at_complete_;
    int complete_ = 0;
    int entries_ = 0;
};

/// One daemon's bucket, which it watches.
struct Daemon {
    explicit Daemon(const std::shared_ptr<Server>& server) {
        auto opened = nats::open_bucket(std::make_unique<Client>(server), nullptr,
            {.name = "c", .ttl = ttl, .patience = patience, .look_interval = Duration(2)});
        EXPECT_TRUE(opened);
        bucket = *std::move(opened);
        watch = bucket->watch(told.handler());
        EXPECT_TRUE(eventually([&] { return told.complete() == 1; }));
    }

    Told told;
    std::unique_ptr<KeyValue> bucket;
    std::unique_ptr<nats::KeyWatch> watch;
};

Errc code_of(const Result<std::uint64_t>& result) { return result ? Errc{} : result.error().code; }

class Bucket : public ::testing::Test {
protected:
    std::shared_ptr<Server> server = std::make_shared<Server>();
};

TEST_F(Bucket, of_two_who_claim_a_key_one_gets_it_and_both_hear_who) {
    Daemon a(server);
    Daemon b(server);
    const auto claimed = a.bucket->create("partition.0", "a");
    ASSERT_TRUE(claimed);
    EXPECT_EQ(code_of(b.bucket->create("partition.0", "b")), Errc::conflict);
    const auto renewed = a.bucket->update("partition.0", "a again", *claimed);
    ASSERT_TRUE(renewed);
    EXPECT_GT(*renewed, *claimed);
    EXPECT_EQ(code_of(b.bucket->update("partition.0", "b", *claimed)), Errc::conflict);
    for (auto* daemon : {&a, &b}) {
        EXPECT_TRUE(eventually([&] { return daemon->told.value("partition.0") == "a again"; }));
    }
}

TEST_F(Bucket, what_is_there_is_told_to_who_comes_later_and_what_has_expired_is_not) {
    Daemon a(server);
    ASSERT_TRUE(a.bucket->put("daemon.gone", "x"));
    server->change([](Server& it) { it.now_ms += ttl.count(); });
    ASSERT_TRUE(a.bucket->put("daemon.a", "1"));
    ASSERT_TRUE(a.bucket->put("daemon.a", "2"));
    Daemon late(server);
    EXPECT_EQ(late.told.value_at_complete("daemon.a"), "2");
    EXPECT_EQ(late.told.value_at_complete("daemon.gone"), "");
    EXPECT_EQ(late.told.entries(), 1);
    late.watch->tell_again();
    EXPECT_TRUE(eventually([&] { return late.told.complete() == 2; }));
    EXPECT_EQ(late.told.entries(), 2);
}

TEST_F(Bucket, an_entry_that_expired_is_free_for_all_and_no_longer_its_writers) {
    Daemon a(server);
    Daemon b(server);
    const auto claimed = a.bucket->create("partition.0", "a");
    ASSERT_TRUE(claimed);
    EXPECT_TRUE(eventually([&] { return b.told.value("partition.0") == "a"; }));
    server->change([](Server& it) { it.now_ms += ttl.count(); });
    EXPECT_EQ(code_of(a.bucket->update("partition.0", "a", *claimed)), Errc::conflict);
    EXPECT_TRUE(b.bucket->create("partition.0", "b"));
}

TEST_F(Bucket, a_write_without_an_answer_is_unknown_and_heard_of_when_it_is_there) {
    Daemon a(server);
    server->change([](Server& it) { it.fate = Fate::lose_answer; });
    EXPECT_EQ(code_of(a.bucket->create("partition.0", "a")), Errc::deadline_exceeded);
    EXPECT_TRUE(eventually([&] { return a.told.value("partition.0") == "a"; }));
    server->change([](Server& it) { it.fate = Fate::pass; });
    EXPECT_EQ(code_of(a.bucket->create("partition.0", "a")), Errc::conflict);
}

TEST_F(Bucket, without_a_watch_nobody_knows_what_counts) {
    Daemon a(server);
    a.watch.reset();
    EXPECT_EQ(code_of(a.bucket->put("daemon.a", "1")), Errc::deadline_exceeded);
}

TEST_F(Bucket, goes_on_behind_a_leader_who_lacks_the_last_messages) {
    Daemon a(server);
    Daemon b(server);
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(a.bucket->put("daemon.a", std::to_string(i)));
    EXPECT_TRUE(eventually([&] { return b.told.value("daemon.a") == "99"; }));
    server->change([](Server& it) { it.messages.resize(it.messages.size() - 3); });
    // At once, before anybody has looked; then after everybody has.
    for (int i = 100; i < 110; ++i) {
        const auto written = a.bucket->put("daemon.a", std::to_string(i));
        EXPECT_TRUE(written || i == 100) << i;
    }
    EXPECT_TRUE(eventually([&] { return b.told.value("daemon.a") == "109"; }));
}

TEST_F(Bucket, goes_on_when_messages_have_gone_before_they_were_read) {
    Daemon a(server);
    server->change([](Server& it) {
        it.messages.resize(50);
        it.first = 51;
    });
    EXPECT_TRUE(a.bucket->put("daemon.a", "1"));
    EXPECT_TRUE(eventually([&] { return a.told.value("daemon.a") == "1"; }));
}

TEST_F(Bucket, a_leader_who_answers_and_stores_nothing_is_asked_to_step_down) {
    Daemon a(server);
    server->change([](Server& it) { it.fate = Fate::lose_request; });
    const auto step_downs = [&] {
        const std::scoped_lock lock(server->mutex);
        return server->step_downs;
    };
    EXPECT_EQ(code_of(a.bucket->put("daemon.a", "1")), Errc::deadline_exceeded);
    EXPECT_EQ(step_downs(), 0);
    EXPECT_TRUE(eventually([&] {
        static_cast<void>(a.bucket->put("daemon.a", "1"));
        return step_downs() == 1;
    }));
}

TEST_F(Bucket, messages_of_others_are_passed_over) {
    Daemon a(server);
    server->change([](Server& it) { it.messages.push_back({{}, "what?", it.now_ms}); });
    EXPECT_TRUE(a.bucket->put("daemon.a", "1"));
}

}  // namespace
}  // namespace baton::test

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "llm/cluster/limit_exchange.h"
#include "llm/cluster/share_codec.h"
#include "llm/shared_books.h"
#include "support/eventually.h"

namespace baton::llm {
namespace {

using namespace std::chrono_literals;

// ---- The format ----

RC_GTEST_PROP(ShareCodec, what_is_written_reads_as_the_same, ()) {
    const auto number = [] { return *rc::gen::inRange<std::uint64_t>(0, 1'000'000'000'000); };
    ShareEntry entry{.number = number()};
    const auto letter = rc::gen::inRange<char>(1, 127);
    for (const auto& name :
        *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(letter))) {
        ShareLine line{.kind = static_cast<LimitKind>(*rc::gen::inRange(0, 4)), .claim = number()};
        line.use.in_use = number();
        line.use.want = number();
        line.use.unit = number();
        line.use.waited = Duration(*rc::gen::inRange(0, 100'000));
        for (auto& amount : line.use.leaving) amount = number();
        entry.lines["requests endpoint " + name] = line;
    }
    const auto read = decode_shares(encode_shares(entry));
    RC_ASSERT(read.has_value());
    RC_ASSERT(*read == entry);
}

TEST(ShareCodec, is_short_and_readable) {
    ShareLine line{.kind = LimitKind::requests, .claim = 12};
    line.use.in_use = 7;
    line.use.want = 5;
    line.use.leaving = {3, 0, 4, 0, 0, 0};
    EXPECT_EQ(encode_shares({.number = 9, .lines = {{"requests endpoint main", line}}}),
        R"({"v":1,"number":9,"limits":{"requests endpoint main":[1,12,7,5,0,0,3,0,4]}})");
}

TEST(ShareCodec, passes_over_what_it_does_not_know) {
    for (const auto* text : {"", "{", "[]", "{}", R"({"v":2,"number":1,"limits":{}})",
             R"({"v":1,"number":1})", R"({"v":1,"number":1,"limits":{"a":[1,2]}})",
             R"({"v":1,"number":1,"limits":{"a":[4,0,0,0,0,0]}})",
             R"({"v":1,"number":1,"limits":{"a":[1,-1,0,0,0,0]}})",
             R"({"v":1,"number":1,"limits":{"a":[1,1e300,0,0,0,0]}})",
             R"({"v":1,"number":1,"limits":{"a":[1,0,0,0,0,0,1,2,3,4,5,6,7]}})"}) {
        EXPECT_FALSE(decode_shares(text)) << text;
    }
    EXPECT_TRUE(decode_shares(R"({"v":1,"number":1,"limits":{},"more":true})"));
}

TEST(ShareCodec, has_a_maximum_of_limits) {
    ShareEntry entry;
    for (std::size_t i = 0; i < ShareEntry::lines_max; ++i) entry.lines[std::to_string(i)] = {};
    EXPECT_TRUE(decode_shares(encode_shares(entry)));
    entry.lines["one more"] = {};
    EXPECT_FALSE(decode_shares(encode_shares(entry)));
}

// ---- The thread ----

/// The log, for all who write and read it.
class FakeTellings {
public:
    std::atomic<bool> is_away = false;
    std::atomic<int> writes = 0;

    Result<std::uint64_t> put(const std::string& key, std::string_view value) {
        if (is_away) return fail(Errc::unavailable, "no server");
        const std::scoped_lock lock(mutex_);
        ++writes;
        const nats::KeyEntry entry{key, std::string(value), ++revision_};
        std::erase_if(entries_, [&](const nats::KeyEntry& old) { return old.key == key; });
        entries_.push_back(entry);
        for (auto& [id, handler] : handlers_) handler(&entry);
        return revision_;
    }
    int watch(const nats::KeyValue::Handler& handler) {
        const std::scoped_lock lock(mutex_);
        for (const auto& entry : entries_) handler(&entry);
        handler(nullptr);
        handlers_.emplace_back(++watches_, handler);
        return watches_;
    }
    void end_watch(int watch) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(handlers_, [&](const auto& each) { return each.first == watch; });
    }

private:
    std::mutex mutex_;
    std::uint64_t revision_ = 0;
    int watches_ = 0;
    std::vector<nats::KeyEntry> entries_;
    std::vector<std::pair<int, nats::KeyValue::Handler>> handlers_;
};

class FakeBucket final : public nats::KeyValue {
public:
    explicit FakeBucket(FakeTellings& tellings) : tellings_(tellings) {}
    Result<std::uint64_t> create(const std::string&, std::string_view) override {
        return fail(Errc::unsupported, "");
    }
    Result<std::uint64_t> update(const std::string&, std::string_view, std::uint64_t) override {
        return fail(Errc::unsupported, "");
    }
    Result<std::uint64_t> put(const std::string& key, std::string_view value) override {
        return tellings_.put(key, value);
    }
    std::unique_ptr<nats::KeyWatch> watch(Handler handler) override {
        struct Watch final : nats::KeyWatch {
            explicit Watch(FakeTellings& from) : tellings(from) {}
            ~Watch() override { tellings.end_watch(number); }
            void tell_again() override {}
            FakeTellings& tellings;
            int number = 0;
        };
        auto watch = std::make_unique<Watch>(tellings_);
        watch->number = tellings_.watch(handler);
        return watch;
    }

private:
    FakeTellings& tellings_;
};

/// A daemon's one book.
class Place final : public SharedLimits {
public:
    Place(FakeTellings& tellings, std::string id, Limits limits) : book_(limits) {
        books_.add("endpoint", "main", book_);
        exchange_ = make_limit_exchange({.id = std::move(id)},
            std::make_unique<FakeBucket>(tellings), *this, clock_, metrics_, Log());
    }
    std::vector<NamedUse> uses() override {
        const std::scoped_lock lock(mutex_);
        return books_.uses(clock_.steady_now());
    }
    void lower(const std::vector<ShareBound>& bounds) override {
        const std::scoped_lock lock(mutex_);
        books_.lower(bounds, clock_.steady_now());
    }
    void allow(const std::vector<ShareBound>& bounds, SteadyTime until) override {
        const std::scoped_lock lock(mutex_);
        books_.allow(bounds, until);
    }
    void on_want(std::function<void()> wake) override { wake_ = std::move(wake); }

    bool take() {
        const Now now{clock_.steady_now(), clock_.now()};
        {
            const std::scoped_lock lock(mutex_);
            if (book_.has_share({}, now.steady)) {
                book_.reserve({}, now);
                return true;
            }
            book_.want({}, now.steady);
        }
        wake_();
        return false;
    }
    bool takes_soon() {
        return test::eventually([&] { return take(); }, 5s);
    }
    void give_back() {
        const std::scoped_lock lock(mutex_);
        book_.settle({}, {}, {}, {clock_.steady_now(), clock_.now()});
    }
    void leave() { exchange_.reset(); }
    std::string metrics() const { return metrics_.render(); }

private:
    SystemClock clock_;
    MetricRegistry metrics_;
    std::mutex mutex_;
    LimitBook book_;
    SharedBooks books_;
    std::function<void()> wake_;
    std::unique_ptr<LimitExchange> exchange_;
};

TEST(LimitExchange, what_one_gives_back_the_other_gets) {
    FakeTellings tellings;
    Place one(tellings, "one", {.concurrency = 1});
    Place other(tellings, "other", {.concurrency = 1});
    ASSERT_TRUE(one.takes_soon());
    for (int i = 0; i < 50; ++i) EXPECT_FALSE(other.take());
    one.give_back();
    EXPECT_TRUE(other.takes_soon());
    EXPECT_FALSE(one.take());
}

TEST(LimitExchange, who_leaves_leaves_everything) {
    FakeTellings tellings;
    auto one = std::make_unique<Place>(tellings, "one", Limits{.requests_per_minute = 8});
    Place other(tellings, "other", {.requests_per_minute = 8});
    ASSERT_TRUE(one->takes_soon());
    one.reset();
    for (int i = 0; i < 7; ++i) EXPECT_TRUE(other.takes_soon()) << i;
    EXPECT_FALSE(other.take()) << "the first one's request is in the same minute";
}

TEST(LimitExchange, nothing_is_sent_without_the_log) {
    FakeTellings tellings;
    tellings.is_away = true;
    Place one(tellings, "one", {.requests_per_minute = 8});
    const auto lost = [&] {
        EXPECT_FALSE(one.take());
        return one.metrics().contains(R"(baton_llm_limit_tellings_total{outcome="lost"} 2)");
    };
    EXPECT_TRUE(test::eventually(lost, 5s));
    tellings.is_away = false;
    EXPECT_TRUE(one.takes_soon());
}

TEST(LimitExchange, who_has_nothing_to_do_writes_nothing) {
    FakeTellings tellings;
    Place one(tellings, "one", {.requests_per_minute = 8});
    Place other(tellings, "other", {.requests_per_minute = 8});
    one.leave();
    other.leave();
    EXPECT_EQ(tellings.writes, 0);
}

}  // namespace
}  // namespace baton::llm

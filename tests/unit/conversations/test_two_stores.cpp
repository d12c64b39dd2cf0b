// Two stores over one database, as two daemons have: what both write at once lands once.
#include <atomic>
#include <thread>

#include "harness.h"

namespace baton::conversations {
namespace {

class TwoStores : public StoreTest {
protected:
    static constexpr std::uint64_t count = 40;

    /// Calls `write(store, executor, seq)` for each seq from both stores at once; how often it said
    /// true.
    template <class Write>
    int from_both(Write write) {
        std::atomic<int> trues{0};
        std::vector<std::jthread> threads;
        for (std::size_t i = 0; i < 2; ++i) {
            Store& store = i == 0 ? store_ : other_;
            threads.emplace_back([&, i] {
                for (std::uint64_t seq = 1; seq <= count; ++seq) {
                    const auto done = io_.run_on(i, write(store, seq));
                    EXPECT_TRUE(done) << to_string(done.error());
                    if (done && *done) ++trues;
                }
            });
        }
        threads.clear();
        return trues;
    }

    Store other_ = make_store(database_).value();
};

TEST_P(TwoStores, add_each_message_once) {
    const auto add_one = [](Store& store, std::uint64_t seq) {
        return store.conversations->add_message(message(seq));
    };
    EXPECT_EQ(from_both(add_one), static_cast<int>(count));
    EXPECT_EQ(conversation_row("c1").message_count, count);
}

TEST_P(TwoStores, keep_the_first_answer) {
    for (std::uint64_t seq = 1; seq <= count; ++seq) add(message(seq));
    const auto answer = [&](Store& store, std::uint64_t seq) {
        auto own = reply(seq);
        own.content = &store == &store_ ? "mine" : "yours";
        return store.writer->complete(id(seq), own);
    };
    EXPECT_EQ(from_both(answer), static_cast<int>(count));
}

INSTANTIATE_TEST_SUITE_P(Databases, TwoStores, test::both_databases(), test::database_name);

}  // namespace
}  // namespace baton::conversations

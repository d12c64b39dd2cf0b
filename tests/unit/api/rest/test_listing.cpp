// Lists whose page is more than one answer holds (base/answer_budget.h).
#include <string>
#include <vector>

#include "base/answer_budget.h"
#include "unit/api/rest/rest_fixture.h"

namespace baton::test {
namespace {

/// Takes pieces until it is told to be gone.
class Pieces final : public net::BodyStream {
public:
    Task<bool> write(std::string piece) override {
        taken.push_back(std::move(piece));
        co_return taken.size() < gone_after;
    }
    Task<bool> answer_instead(net::Response) override { co_return false; }
    [[nodiscard]] bool stopping() const override { return false; }

    std::vector<std::string> taken;
    std::size_t gone_after = 1'000;
};

class Listing : public RestFixture {
protected:
    static constexpr std::size_t mib = 1024 * 1024;

    /// One whose question and answer weigh a MiB together.
    void add(std::uint64_t seq) {
        DialogMessage message;
        message.id = {7, seq};
        message.conversation_id = ConversationId("c1");
        message.user_id = UserId("u1");
        message.content = std::string(mib / 2, 'q');
        message.created_at = message.updated_at = clock.now();
        ASSERT_TRUE(io.run(rows.add_message(message)).value());
        complete(message.id, std::string(mib / 2, 'a'));
    }
    /// The whole answer, and in how many pieces it came (0: at once).
    net::Response whole(std::string_view target) {
        auto answer = get(target);
        EXPECT_EQ(answer.status, 200);
        pieces = {};
        if (!answer.stream) return answer;
        io.run(answer.stream(pieces));
        for (const auto& piece : pieces.taken) answer.body += piece;
        return answer;
    }
    boost::json::value data_of(std::string_view target) {
        const auto value = json_of(whole(target));
        EXPECT_EQ(value.at("code"), 200);
        EXPECT_EQ(value.at("message"), "success");
        EXPECT_TRUE(value.at("timestamp").is_string());
        return value.at("data");
    }
    static std::vector<std::string> ids_of(const boost::json::value& data) {
        std::vector<std::string> ids;
        for (const auto& each : data.at("messages").as_array()) {
            ids.emplace_back(each.at("id").as_string());
        }
        return ids;
    }

    Pieces pieces;
};

TEST_F(Listing, a_page_by_number_has_all_its_rows_and_comes_in_pieces) {
    for (std::uint64_t seq = 1; seq <= 11; ++seq) add(seq);
    const auto first = data_of("/api/v1/messages?page_size=9&order=asc");
    const auto ids = ids_of(first);
    ASSERT_EQ(ids.size(), 9u);
    for (std::uint64_t seq = 1; seq <= 9; ++seq) EXPECT_EQ(ids[seq - 1], MessageId(7, seq).text());
    EXPECT_EQ(pieces.taken.size(), 3u);
    for (const auto& piece : pieces.taken) EXPECT_LT(piece.size(), 2 * AnswerBudget::bytes_max);
    EXPECT_EQ(first.at("pagination").at("page"), 1);
    EXPECT_EQ(first.at("pagination").at("page_size"), 9);
    EXPECT_EQ(first.at("pagination").at("total"), 11);
    EXPECT_EQ(first.at("pagination").at("total_pages"), 2);
    const auto second = ids_of(data_of("/api/v1/messages?page_size=9&order=asc&page=2"));
    EXPECT_EQ(second, (std::vector{MessageId(7, 10).text(), MessageId(7, 11).text()}));
    EXPECT_EQ(pieces.taken.size(), 0u) << "what one answer holds comes at once";
}

TEST_F(Listing, four_that_fill_an_answer_come_at_once) {
    for (std::uint64_t seq = 1; seq <= 4; ++seq) add(seq);
    EXPECT_EQ(ids_of(data_of("/api/v1/messages")).size(), 4u);
    EXPECT_EQ(pieces.taken.size(), 0u);
    add(5);
    EXPECT_EQ(ids_of(data_of("/api/v1/messages")).size(), 5u);
    EXPECT_EQ(pieces.taken.size(), 2u);
}

TEST_F(Listing, turns_of_a_conversation_come_in_pieces_too) {
    for (std::uint64_t seq = 1; seq <= 6; ++seq) add(seq);
    const auto data = data_of("/api/v1/conversations/c1/messages?page_size=6");
    const auto ids = ids_of(data);
    ASSERT_EQ(ids.size(), 12u);
    EXPECT_EQ(ids[0], MessageId(7, 1).text());
    EXPECT_EQ(ids[11], MessageId(7, 6).text() + "-reply");
    EXPECT_EQ(pieces.taken.size(), 2u);
}

TEST_F(Listing, a_page_behind_a_cursor_ends_where_the_answer_does) {
    for (std::uint64_t seq = 1; seq <= 11; ++seq) add(seq);
    const auto page = data_of("/api/v1/messages?page_size=9&order=asc&after=2");
    EXPECT_EQ(pieces.taken.size(), 0u);
    EXPECT_EQ(ids_of(page).size(), 4u);
    ASSERT_TRUE(page.at("pagination").at("next").is_string());
    const std::string next(page.at("pagination").at("next").as_string());
    const auto rest = ids_of(data_of("/api/v1/messages?page_size=9&order=asc&after=" + next));
    EXPECT_EQ(rest.front(), MessageId(7, 7).text());
}

TEST_F(Listing, a_client_that_leaves_ends_the_reading) {
    for (std::uint64_t seq = 1; seq <= 20; ++seq) add(seq);
    const auto answer = get("/api/v1/messages?page_size=20");
    ASSERT_TRUE(answer.stream);
    pieces.gone_after = 2;
    io.run(answer.stream(pieces));
    EXPECT_EQ(pieces.taken.size(), 2u);
    EXPECT_EQ(rows.calls["list_messages"], 2u);
}

TEST_F(Listing, a_failure_on_the_way_cuts_the_answer_off) {
    for (std::uint64_t seq = 1; seq <= 9; ++seq) add(seq);
    const auto answer = get("/api/v1/messages?page_size=9");
    ASSERT_TRUE(answer.stream);
    rows.fault = [](std::string_view call) -> std::optional<Error> {
        if (call != "list_messages") return std::nullopt;
        return Error{.code = Errc::unavailable, .detail = "away"};
    };
    EXPECT_THROW(io.run(answer.stream(pieces)), std::runtime_error);
    EXPECT_EQ(pieces.taken.size(), 1u);
}

}  // namespace
}  // namespace baton::test

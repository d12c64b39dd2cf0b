// What a write runs in: the connection inside a transaction of the group writer.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "db/database.h"

namespace baton::conversations {

/// What the search learns of at the end of the transaction (search_writes.h).
struct NewText {
    enum class Kind : std::uint8_t { question, answer, conversation } kind = Kind::question;
    std::string id{};    ///< of the message, or the conversation
    std::string text{};  ///< of a conversation, its title
    std::string context{};
};

class Transaction;
/// What a transaction does before it commits; empty: nothing.
using Finish = std::function<Result<void>(Transaction&)>;

/// Hands calls through, notes whether they left anything behind, and collects new texts. Lives as
/// long as one attempt of the transaction.
class Transaction final : public db::Connection {
public:
    /// Both outlive it.
    Transaction(db::Connection& connection, const Finish& finish) noexcept
        : connection_(connection), finish_(finish) {}

    [[nodiscard]] Result<std::int64_t> execute(const db::Statement& statement,
        std::span<const db::Value> values = {}, const db::RowSink& sink = {}) override {
        auto changed = connection_.execute(statement, values, sink);
        if (!changed || *changed != 0) has_changed_ = true;
        return changed;
    }
    [[nodiscard]] Result<void> execute_script(std::string_view sql) override {
        has_changed_ = true;
        return connection_.execute_script(sql);
    }
    [[nodiscard]] Result<void> begin() override { return connection_.begin(); }
    [[nodiscard]] Result<void> commit() override { return connection_.commit(); }
    void rollback() noexcept override { connection_.rollback(); }
    [[nodiscard]] bool must_repeat() const noexcept override { return connection_.must_repeat(); }

    /// Whether a statement changed a row, or failed, since it was last asked.
    [[nodiscard]] bool take_has_changed() noexcept { return std::exchange(has_changed_, false); }

    void add_text(NewText text) { texts_.push_back(std::move(text)); }
    /// In the order in which they came.
    [[nodiscard]] std::vector<NewText> take_texts() noexcept { return std::exchange(texts_, {}); }

    /// Does what is to be done before the commit; may be called before, and then again.
    [[nodiscard]] Result<void> finish() { return finish_ ? finish_(*this) : Result<void>(); }

private:
    db::Connection& connection_;
    const Finish& finish_;
    bool has_changed_ = false;
    std::vector<NewText> texts_;
};

}  // namespace baton::conversations

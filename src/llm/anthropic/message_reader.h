// Answers of Anthropic's Messages API, as a stream of events or whole. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <boost/json/value.hpp>

#include "base/secret.h"
#include "llm/answer_reader.h"

namespace baton::llm {

/// One per answer. Events it does not know are skipped, as the API asks of its clients.
class MessageReader final : public AnswerReader {
public:
    /// `key` is masked wherever the provider repeats it. `answers_by_tool`: as the request's body
    /// said.
    MessageReader(Secret key, bool answers_by_tool)
        : key_(std::move(key)), answers_by_tool_(answers_by_tool) {}

    [[nodiscard]] Result<Piece> read_event(const SseEvent& event) override;
    [[nodiscard]] Result<Piece> read_whole(std::string_view body) override;

private:
    /// What the content block that is open now is.
    enum class Block : std::uint8_t { other, text, thinking, call, answer };

    ChatDelta begin_block(std::size_t index, const boost::json::value& block);
    [[nodiscard]] ChatDelta add_to_block(std::size_t index, const boost::json::value& delta);
    ChatDelta end_block(std::size_t index);
    void take_usage(const boost::json::value& holder, Piece& piece);
    void take_stop_reason(const boost::json::value& holder, Piece& piece) const;

    Secret key_;
    bool answers_by_tool_;
    Block block_ = Block::other;
    bool any_arguments_ = false;  ///< of the call that is open
    TokenUsage usage_;
};

}  // namespace baton::llm

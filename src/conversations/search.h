// Search by text over messages and conversations: same store and same rules as conversations.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/conversation.h"
#include "runtime/task.h"

namespace baton::conversations {

struct SearchLimits {
    static constexpr std::size_t text_max = 512;  ///< bytes
    static constexpr std::size_t words_max = 32;  ///< further ones are not looked at
    /// Finds that one page looks at, should the filter leave most of them out.
    static constexpr std::uint32_t scan_max = 2'000;
    /// Blocks of 8,192 texts of messages that one page looks at, should few hold the words.
    static constexpr std::int64_t blocks_max = 512;
};

/// Words, all of which must be in one text; a word that ends in * is the begin of one. Case and
/// accents do not matter. Any text is a search: what is no word finds nothing.
struct SearchRequest {
    std::string text{};
    std::optional<ConversationId> conversation_id{};  ///< of messages only
    std::optional<UserId> user_id{};
    std::uint32_t page_size = 20;  ///< 1..100
    std::string after{};           ///< the `next` of the page before; costs the same at any depth
};

/// A message whose text has the words.
struct MessageHit {
    DialogMessage message{};
    bool is_answer = false;  ///< the words are in the answer
    bool operator==(const MessageHit&) const = default;
};

/// The last that came first. A page may be short, or empty, and yet have a `next`: then the filter
/// left out scan_max finds, it looked at blocks_max blocks, or one answer holds no more
/// (base/answer_budget.h).
template <class T>
struct SearchPage {
    std::vector<T> items{};
    std::string next{};  ///< empty on the last page
};

class Search {
public:
    virtual ~Search() = default;

    /// Fails: invalid_argument (q, page_size, after).
    [[nodiscard]] virtual Task<Result<SearchPage<MessageHit>>> search_messages(
        SearchRequest request) = 0;
    /// The words may be in title and context. Fails as search_messages.
    [[nodiscard]] virtual Task<Result<SearchPage<Conversation>>> search_conversations(
        SearchRequest request) = 0;
};

}  // namespace baton::conversations

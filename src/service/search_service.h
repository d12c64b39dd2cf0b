// Search over messages and conversations, as every protocol reaches it.
#pragma once

#include <utility>

#include "access/access.h"
#include "conversations/search.h"
#include "runtime/task.h"

namespace baton::service {

/// Who has a key may search all. Safe to use from any thread; `who` and the service must outlive
/// the task. Fails as conversations::Search does.
class SearchService final {
public:
    /// `search` must outlive the service.
    explicit SearchService(conversations::Search& search) noexcept : search_(search) {}

    [[nodiscard]] Task<Result<conversations::SearchPage<conversations::MessageHit>>> in_messages(
        const access::Identity& who, conversations::SearchRequest request) {
        BATON_CO_TRY_VOID(access::require(who, access::Role::member));
        co_return co_await search_.search_messages(std::move(request));
    }

    [[nodiscard]] Task<Result<conversations::SearchPage<Conversation>>> in_conversations(
        const access::Identity& who, conversations::SearchRequest request) {
        BATON_CO_TRY_VOID(access::require(who, access::Role::member));
        co_return co_await search_.search_conversations(std::move(request));
    }

private:
    conversations::Search& search_;
};

}  // namespace baton::service

#include "llm/shared_books.h"

#include <fmt/core.h>

namespace baton::llm {
namespace {

struct KindName {
    LimitKind kind = LimitKind::concurrency;
    std::string_view name{};  ///< on the wire
};
constexpr std::array<KindName, limit_kinds> kinds{
    {{LimitKind::concurrency, "concurrency"}, {LimitKind::requests, "requests"},
        {LimitKind::input_tokens, "input"}, {LimitKind::output_tokens, "output"}}};

std::uint64_t limit_of(const Limits& limits, LimitKind kind) {
    switch (kind) {
        case LimitKind::concurrency: return limits.concurrency;
        case LimitKind::requests: return limits.requests_per_minute;
        case LimitKind::input_tokens: return limits.input_tokens_per_minute;
        case LimitKind::output_tokens: break;
    }
    return limits.output_tokens_per_minute;
}

}  // namespace

void SharedBooks::add(std::string_view scope, std::string_view name, LimitBook& book) {
    Kept kept{.book = &book};
    for (std::size_t i = 0; i < limit_kinds; ++i) {
        if (limit_of(book.limits(), kinds[i].kind) == 0) continue;
        kept.keys[i] = fmt::format("{} {} {}", kinds[i].name, scope, name);
        by_key_[kept.keys[i]] = {&book, kinds[i].kind};
    }
    book.share();
    books_.push_back(std::move(kept));
}

std::vector<NamedUse> SharedBooks::uses(SteadyTime now) {
    std::vector<NamedUse> uses;
    for (const auto& kept : books_) {
        for (std::size_t i = 0; i < limit_kinds; ++i) {
            if (kept.keys[i].empty()) continue;
            const auto use = kept.book->use(kinds[i].kind, now);
            const bool is_idle = use.in_use == 0 && use.want == 0 && use.may == 0;
            if (is_idle && !kept.book->awaits()) continue;
            uses.push_back({.key = kept.keys[i], .kind = kinds[i].kind, .use = use});
        }
    }
    return uses;
}

void SharedBooks::lower(const std::vector<ShareBound>& bounds, SteadyTime now) {
    for (const auto& bound : bounds) {
        const auto found = by_key_.find(bound.key);
        if (found == by_key_.end()) continue;
        found->second.first->lower(found->second.second, bound.may, bound.could, now);
    }
}

void SharedBooks::allow(const std::vector<ShareBound>& bounds, SteadyTime until) {
    for (const auto& kept : books_) {
        for (const auto& kind : kinds) kept.book->allow(kind.kind, 0);
        kept.book->allow_until(until);
    }
    for (const auto& bound : bounds) {
        const auto found = by_key_.find(bound.key);
        if (found != by_key_.end()) found->second.first->allow(found->second.second, bound.may);
    }
}

}  // namespace baton::llm

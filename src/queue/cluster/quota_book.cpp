#include "queue/cluster/quota_book.h"

#include <algorithm>

namespace baton::queue::cluster {

bool QuotaBook::is_due(SteadyTime now, const std::function<bool(Partition)>& is_served) {
    if (now < next_ask_) return false;
    next_ask_ = now + timing_.ask_interval;
    for (auto page = pages_.begin(); page != pages_.end();) {
        const bool is_silent = now - page->second.heard_at >= timing_.silence_max;
        if (!is_silent || !is_served(page->first)) {
            ++page;
            continue;
        }
        clear(page->second);
        page = pages_.erase(page);
    }
    return true;
}

std::vector<TenantUsage> QuotaBook::elsewhere(Partition partition) const {
    std::vector<TenantUsage> usage;
    const auto page = pages_.find(partition);
    for (const auto& [owner, total] : totals_) {
        std::uint64_t own = 0;
        if (page != pages_.end()) {
            const auto found = page->second.used.find(owner);
            if (found != page->second.used.end()) own = found->second;
        }
        if (total > own) usage.push_back({owner, total - own});
    }
    return usage;
}

bool QuotaBook::counted(Partition partition, const QuotaUsage& usage, SteadyTime now) {
    if (!usage.has_limits) return false;
    Page& page = pages_[partition];
    const auto before = page.used;
    take(page, usage.tenants, now);
    const bool is_due =
        page.told_at == SteadyTime::min() || now - page.told_at >= timing_.tell_interval;
    if (!is_due && page.used == before) return false;
    page.told_at = now;
    return true;
}

void QuotaBook::heard(
    Partition partition, const std::vector<TenantUsage>& tenants, SteadyTime now) {
    if (partition < partitions_) take(pages_[partition], tenants, now);
}

void QuotaBook::take(Page& page, const std::vector<TenantUsage>& tenants, SteadyTime now) {
    clear(page);
    page.heard_at = now;
    for (const auto& [owner, told] : tenants) {
        if (page.used.size() >= QuotaUsage::tenants_max) return;
        const auto used = std::min(told, TenantUsage::used_max);
        if (used != 0 && page.used.emplace(owner, used).second) totals_[owner] += used;
    }
}

void QuotaBook::clear(Page& page) {
    for (const auto& [owner, used] : page.used) {
        const auto total = totals_.find(owner);
        total->second -= used;
        if (total->second == 0) totals_.erase(total);
    }
    page.used.clear();
}

}  // namespace baton::queue::cluster

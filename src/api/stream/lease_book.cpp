#include "api/stream/lease_book.h"

namespace baton::api::stream {

void LeaseBook::add(const Receipt& receipt, Duration lease, SteadyTime now) {
    const auto before = by_message_.find(receipt.message);
    if (before != by_message_.end()) erase(before);  // delivered again: the old receipt is void
    Line& line = lines_[lease];
    line.push_back({.receipt = receipt, .due_at = now + lease / 3});
    by_message_.emplace(
        receipt.message, Place{.line = &line, .held = std::prev(line.end()), .lease = lease});
}

void LeaseBook::erase(std::unordered_map<MessageId, Place, Hash>::iterator at) {
    const Place place = at->second;
    by_message_.erase(at);
    place.line->erase(place.held);
    if (place.line->empty()) lines_.erase(place.lease);
}

std::optional<Duration> LeaseBook::remove(const Receipt& receipt) {
    const auto at = by_message_.find(receipt.message);
    if (at == by_message_.end() || at->second.held->receipt != receipt) return std::nullopt;
    const Duration lease = at->second.lease;
    erase(at);
    return lease;
}

std::optional<Receipt> LeaseBook::remove(const MessageId& message) {
    const auto at = by_message_.find(message);
    if (at == by_message_.end()) return std::nullopt;
    const Receipt receipt = at->second.held->receipt;
    erase(at);
    return receipt;
}

LeaseBook::Renewal LeaseBook::due(SteadyTime now, std::size_t max) {
    Renewal renewal;
    for (auto& [lease, line] : lines_) {
        if (line.front().due_at > now) continue;
        renewal.lease = lease;
        while (renewal.receipts.size() < max && line.front().due_at <= now) {
            line.front().due_at = now + lease / 3;
            renewal.receipts.push_back(line.front().receipt);
            line.splice(line.end(), line, line.begin());
            if (renewal.receipts.size() == line.size()) break;  // all of them, once round
        }
        break;
    }
    return renewal;
}

std::optional<LeaseBook::SteadyTime> LeaseBook::next_due() const {
    std::optional<SteadyTime> next;
    for (const auto& [lease, line] : lines_) {
        if (!next || line.front().due_at < *next) next = line.front().due_at;
    }
    return next;
}

std::vector<Receipt> LeaseBook::all() const {
    std::vector<Receipt> receipts;
    receipts.reserve(by_message_.size());
    for (const auto& [lease, line] : lines_) {
        for (const Held& held : line) receipts.push_back(held.receipt);
    }
    return receipts;
}

}  // namespace baton::api::stream

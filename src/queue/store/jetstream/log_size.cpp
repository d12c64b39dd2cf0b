#include "queue/store/jetstream/log_size.h"

#include <algorithm>

namespace baton::queue::jetstream {
namespace {

/// This part of a log is for what makes room.
constexpr std::uint64_t reserve_part = 4;
/// A log counts in so many steps, and in none smaller than the least.
constexpr std::int64_t steps = 1024;
constexpr std::int64_t step_least = 4096;

}  // namespace

LogSize::LogSize(std::int64_t limit) noexcept
    : limit_(limit < 0 ? UINT64_MAX : static_cast<std::uint64_t>(limit)),
      step_(std::max(limit / steps, step_least)) {}

std::uint64_t LogSize::room() const noexcept {
    const auto kept = limit_ == UINT64_MAX ? 0 : limit_ / reserve_part;
    return limit_ - std::min(limit_, bytes() + kept);
}

bool LogSize::holds(std::uint64_t more) const noexcept { return bytes() + more <= limit_; }

void LogSize::begin(std::uint64_t first, std::uint64_t last, std::uint64_t bytes) {
    marks_.clear();
    begin_ = end_ = 0;
    const std::uint64_t count = last - first + 1;
    const auto step = static_cast<std::uint64_t>(step_);
    const std::uint64_t runs = std::clamp<std::uint64_t>(bytes / step, 1, count);
    for (std::uint64_t i = 0; i < runs; ++i) {
        const auto bytes_of_run = bytes / runs + (i < bytes % runs ? 1 : 0);
        add(first + i * (count / runs) + std::min(i, count % runs), bytes_of_run);
    }
}

void LogSize::add(std::uint64_t number, std::uint64_t bytes) {
    if (marks_.empty() || end_ - marks_.back().at >= step_) marks_.push_back({number, end_});
    end_ += static_cast<std::int64_t>(bytes);
}

void LogSize::correct(std::uint64_t bytes) noexcept {
    begin_ = end_ - static_cast<std::int64_t>(bytes);
}

void LogSize::release_before(std::uint64_t number) {
    while (!marks_.empty() && marks_.front().number < number) {
        const bool is_whole_step = marks_.size() > 1 && marks_[1].number <= number;
        if (!is_whole_step) return;
        marks_.pop_front();
        begin_ = std::max(begin_, marks_.front().at);
    }
}

}  // namespace baton::queue::jetstream

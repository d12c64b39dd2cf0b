#include "queue/store/jetstream/log_size.h"

#include <algorithm>

namespace baton::queue::jetstream {

void LogSize::begin(std::uint64_t first, std::uint64_t last, std::uint64_t bytes) {
    marks_.clear();
    begin_ = end_ = 0;
    const std::uint64_t count = last - first + 1;
    const std::uint64_t runs = std::clamp<std::uint64_t>(bytes / step_, 1, count);
    for (std::uint64_t i = 0; i < runs; ++i) {
        const auto bytes_of_run = bytes / runs + (i < bytes % runs ? 1 : 0);
        add(first + i * (count / runs) + std::min(i, count % runs), bytes_of_run);
    }
}

void LogSize::add(std::uint64_t number, std::uint64_t bytes) {
    if (marks_.empty() || end_ - marks_.back().at >= step_) marks_.push_back({number, end_});
    end_ += bytes;
}

void LogSize::release_before(std::uint64_t number) {
    while (!marks_.empty() && marks_.front().number < number) {
        const bool is_whole_step = marks_.size() > 1 && marks_[1].number <= number;
        if (!is_whole_step) return;
        marks_.pop_front();
        begin_ = marks_.front().at;
    }
}

}  // namespace baton::queue::jetstream

#include "app/file_limit.h"

#include <algorithm>
#include <sys/resource.h>
#include <utility>

namespace baton::app {
namespace {

constexpr std::size_t store_files = 128;  // databases, segments, logs, and some to spare
constexpr std::size_t turned_away_each = 64;
constexpr std::size_t connections_least = 16;

}  // namespace

std::size_t raise_file_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections_least;
    const auto soft = std::exchange(limit.rlim_cur, limit.rlim_max);
    return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : soft;
}

std::size_t connections_within(
    std::size_t file_limit, std::size_t wanted, FileNeeds needs) noexcept {
    const auto others = store_files + turned_away_each * needs.threads + needs.workers;
    const auto left = file_limit - std::min(file_limit, others);
    return std::min(wanted, std::max(left, connections_least));
}

}  // namespace baton::app

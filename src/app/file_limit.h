// How many files the process may have open, and what of them connections may take: a store that
// can't open its next file stops, so callers must never be able to use them up.
#pragma once

#include <cstddef>

namespace baton::app {

/// Raises the limit of open files to the most that the system allows the process, and returns it.
[[nodiscard]] std::size_t raise_file_limit() noexcept;

/// What else needs files.
struct FileNeeds {
    std::size_t threads = 1;  ///< that serve; each turns 64 connections too many away at a time
    std::size_t workers = 0;  ///< agent runs, each with a connection to an endpoint
};

/// The connections that may be open, `wanted` at most: under a low limit of files fewer, so that
/// the stores, what is turned away and the agents have theirs. At least 16.
[[nodiscard]] std::size_t connections_within(
    std::size_t file_limit, std::size_t wanted, FileNeeds needs) noexcept;

}  // namespace baton::app

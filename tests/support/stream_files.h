// What the replicas of a stream really hold: the block files of each server, which its own answers
// may differ from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace baton::test {

/// Messages by sequence, each as its server's files have it, time and checksum included.
/// `store`: of a server that does not run. Empty when it holds no such stream.
[[nodiscard]] std::map<std::uint64_t, std::string> stored_messages(
    const std::filesystem::path& store, const std::string& stream);

}  // namespace baton::test

// What the replicas of a stream really hold: the block files of each server, which its own answers
// may differ from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace baton::test {

/// Headers and data of messages, by sequence. Not their time and subject, which are their last
/// sender's: what was sent twice may stand under either subject.
/// `store`: of a server that does not run. Empty when it holds no such stream.
[[nodiscard]] std::map<std::uint64_t, std::string> stored_messages(
    const std::filesystem::path& store, const std::string& stream);

}  // namespace baton::test

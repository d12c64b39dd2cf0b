#include "support/stream_files.h"

#include <cstring>
#include <fstream>
#include <iterator>

namespace baton::test {
namespace {

// A record: u32 length (its highest bit: has headers), u64 sequence (its highest bit: erased), u64
// time, u16 length of the subject, subject, headers, data, u64 checksum.
constexpr std::size_t record_head = 22;
constexpr std::size_t checksum_size = 8;
constexpr std::uint32_t has_headers = 1U << 31U;
constexpr std::uint64_t is_erased = std::uint64_t{1} << 63U;

void read_block(const std::filesystem::path& file, std::map<std::uint64_t, std::string>& all) {
    std::ifstream in(file, std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(in), {});
    std::size_t at = 0;
    while (at + record_head <= bytes.size()) {
        std::uint32_t length = 0;
        std::uint64_t sequence = 0;
        std::memcpy(&length, bytes.data() + at, sizeof(length));
        std::memcpy(&sequence, bytes.data() + at + sizeof(length), sizeof(sequence));
        length &= ~has_headers;
        if (length < record_head || at + length > bytes.size()) break;
        std::uint16_t subject = 0;
        std::memcpy(&subject, bytes.data() + at + record_head - sizeof(subject), sizeof(subject));
        const std::size_t begin = record_head + subject;
        const bool is_whole = begin + checksum_size <= length;
        if (is_whole && sequence != 0 && (sequence & is_erased) == 0) {
            all[sequence] = bytes.substr(at + begin, length - begin - checksum_size);
        }
        at += length;
    }
}

}  // namespace

std::map<std::uint64_t, std::string> stored_messages(
    const std::filesystem::path& store, const std::string& stream) {
    std::map<std::uint64_t, std::string> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store)) {
        const auto& path = entry.path();
        const bool is_block = path.extension() == ".blk" &&
                              path.parent_path().parent_path().filename() == stream &&
                              path.parent_path().filename() == "msgs";
        if (is_block) read_block(path, all);
    }
    return all;
}

}  // namespace baton::test

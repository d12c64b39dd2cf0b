#include "queue/cluster/pieces.h"

#include <algorithm>
#include <cstring>

namespace baton::queue::cluster {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t head_size = 32;

template <class T>
void put(char* at, T value) {
    std::memcpy(at, &value, sizeof(T));
}
template <class T>
T take(const char* at) {
    T value{};
    std::memcpy(&value, at, sizeof(T));
    return value;
}

struct Piece {
    CallHead head;
    std::uint32_t index = 0;
    std::uint32_t count = 1;
    std::string_view data;
};

Result<Piece> read(std::string_view bytes) {
    if (bytes.size() < head_size || static_cast<std::uint8_t>(bytes[0]) != version) {
        return fail(Errc::protocol_error, "a piece of another version, or a cut one");
    }
    Piece piece;
    const auto kind = static_cast<std::uint8_t>(bytes[1]);
    piece.head.kind = static_cast<CallHead::Kind>(kind);
    piece.head.partition = take<std::uint32_t>(bytes.data() + 4);
    piece.head.caller = take<std::uint64_t>(bytes.data() + 8);
    piece.head.call = take<std::uint64_t>(bytes.data() + 16);
    piece.index = take<std::uint32_t>(bytes.data() + 24);
    piece.count = take<std::uint32_t>(bytes.data() + 28);
    piece.data = bytes.substr(head_size);
    if (kind < 1 || kind > 3 || piece.index >= piece.count ||
        piece.head.partition >= partitions_max) {
        return fail(Errc::protocol_error, "a piece that can't be");
    }
    return piece;
}

}  // namespace

Result<void> cut(const CallHead& head, std::string_view data, std::size_t piece_bytes,
    const std::function<Result<void>(std::string_view piece)>& send) {
    const std::size_t room = piece_bytes - std::min(piece_bytes - 1, head_size);
    const std::size_t count = std::max<std::size_t>(1, (data.size() + room - 1) / room);
    std::string piece;
    for (std::size_t i = 0; i < count; ++i) {
        piece.assign(head_size, '\0');
        piece[0] = static_cast<char>(version);
        piece[1] = static_cast<char>(head.kind);
        put(piece.data() + 4, head.partition);
        put(piece.data() + 8, head.caller);
        put(piece.data() + 16, head.call);
        put(piece.data() + 24, static_cast<std::uint32_t>(i));
        put(piece.data() + 28, static_cast<std::uint32_t>(count));
        piece += data.substr(i * room, room);
        BATON_TRY_VOID(send(piece));
    }
    return {};
}

Result<std::optional<Assembler::Whole>> Assembler::add(std::string_view bytes) {
    BATON_TRY(const auto piece, read(bytes));
    if (piece.count == 1) return Whole{piece.head, std::string(piece.data)};
    const Key key{piece.head.caller, piece.head.call};
    const auto found = parts_.find(key);
    if (found == parts_.end() || piece.index == 0) {
        if (found != parts_.end()) bytes_ -= found->second.data.size();
        if (piece.index != 0) return std::nullopt;  // its beginning is missing
        parts_[key] = {.next = 0, .data = {}, .begun = ++begun_};
    }
    Part& part = parts_[key];
    if (piece.index != part.next) {
        bytes_ -= part.data.size();
        parts_.erase(key);
        return std::nullopt;
    }
    ++part.next;
    part.data += piece.data;
    bytes_ += piece.data.size();
    if (part.next < piece.count) {
        while (bytes_ > bytes_max_) drop_oldest();
        return std::nullopt;
    }
    Whole whole{piece.head, std::move(part.data)};
    bytes_ -= whole.data.size();
    parts_.erase(key);
    return whole;
}

void Assembler::drop_oldest() {
    const auto oldest =
        std::ranges::min_element(parts_, {}, [](const auto& entry) { return entry.second.begun; });
    bytes_ -= oldest->second.data.size();
    parts_.erase(oldest);
}

}  // namespace baton::queue::cluster

// libFuzzer: what stands in a journal may be anything. The first byte chooses: 0, records (type,
// u16 length, payload; type 255 ends a batch) that get right checksums, so that reading comes past
// them; else the bytes of a segment behind a good header. Opening ends with a typed error or with
// messages that can be read and a journal that opens again as it was; a repair makes every journal
// readable.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "queue/store/journal/fsck.h"
#include "queue/store/journal/journal_store.h"
#include "queue/store/journal/segment.h"

namespace {

using namespace baton;
using namespace baton::queue::journal;

constexpr std::uint64_t capacity = 16 * 1024;
constexpr std::uint64_t store_id = 7;

using Bytes = std::shared_ptr<std::string>;

class MemoryFile final : public File {
public:
    explicit MemoryFile(Bytes bytes) : bytes_(std::move(bytes)) {}
    Result<void> write(std::uint64_t offset, std::string_view data) override {
        if (bytes_->size() < offset + data.size()) bytes_->resize(offset + data.size(), '\0');
        bytes_->replace(offset, data.size(), data);
        return {};
    }
    Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
        return offset >= bytes_->size() ? 0 : bytes_->copy(into.data(), into.size(), offset);
    }
    Result<void> allocate(std::uint64_t size) override {
        bytes_->assign(size, '\0');
        return {};
    }
    Result<void> sync() override { return {}; }
    Result<std::uint64_t> size() override { return bytes_->size(); }

private:
    Bytes bytes_;
};

class MemoryFiles final : public FileSystem {
public:
    Result<std::unique_ptr<File>> open(const std::string& name, Mode mode) override {
        if (mode == Mode::create) files[name] = std::make_shared<std::string>();
        if (!files.contains(name)) return fail(Errc::not_found, name);
        return std::make_unique<MemoryFile>(files[name]);
    }
    Result<void> rename(const std::string& from, const std::string& to) override {
        files[to] = files.at(from);
        files.erase(from);
        return {};
    }
    Result<void> remove(const std::string& name) override {
        files.erase(name);
        return {};
    }
    Result<std::vector<std::string>> list() override {
        std::vector<std::string> names;
        for (const auto& [name, bytes] : files) names.push_back(name);
        return names;
    }
    Result<void> sync_folder() override { return {}; }

    std::map<std::string, Bytes> files;
};

class Counter final : public queue::RecoverySink {
public:
    void queue(queue::QueuePut, std::uint64_t) override {}
    void message(queue::RecoveredMessage message) override { messages.push_back(message.at); }
    void dedup(queue::Locator, std::string, TimePoint) override { ++others; }
    void reply(queue::RecoveredReply reply) override { replies.push_back(reply.at); }
    void output(queue::RecoveredOutput output) override { outputs.push_back(output.at); }
    void cursor(queue::QueueNumber, std::string, std::uint64_t) override { ++others; }
    void paused_key(queue::QueueNumber, KeyKind, std::string) override {}
    void quota(TenantId, std::uint64_t) override {}

    std::vector<queue::Locator> messages, replies, outputs;
    std::size_t others = 0;
};

/// A batch of the records that the input says, with its checksums.
void append_batch(std::string& data, std::string_view& input, std::uint64_t number) {
    Buffer batch;
    batch.extend(batch_head_size);
    BatchHead head{.number = number, .durable = number - 1, .first_segment = 1};
    while (input.size() >= 3 && input[0] != '\xFF') {
        const auto type = static_cast<RecordType>(input[0]);
        const std::size_t wanted = load<std::uint16_t>(input.data() + 1);
        const auto payload = input.substr(3, wanted);
        input.remove_prefix(3 + payload.size());
        ByteWriter(begin_record(type, payload.size(), batch)).bytes(payload);
        ++head.count;
    }
    input.remove_prefix(std::min<std::size_t>(input.size(), 1));
    const auto at = batch_place(data_begin + data.size());
    if (at + batch.size() > capacity) return;
    const auto seed = seed_of(store_id, 1);
    head.size = batch.size() - batch_head_size;
    encode_batch_head(head, seed, at, batch.data());
    seal_records(batch.data() + batch_head_size, head.size, seed, at + batch_head_size);
    data.resize(at - data_begin, '\0');
    data += batch.view();
}

/// Recovers and reads everything back. What the checksums let through may still be nonsense:
/// replies and outputs are looked into when they are asked for, and then that is an error, too.
Result<Counter> read_all(MemoryFiles& files) {
    BATON_TRY(const auto store, queue::make_journal_store(files, {.segment_size = capacity}));
    Counter found;
    BATON_TRY_VOID(store->recover(found));
    const auto contents = store->read(found.messages);
    if (!contents || std::ranges::count(*contents, nullptr) > 0) std::abort();
    for (const auto at : found.replies) {
        const auto reply = store->read_reply(at);
        if (reply ? *reply == nullptr : reply.error().code != Errc::storage_corrupt) std::abort();
    }
    for (const auto at : found.outputs) {
        const auto events = store->read_output(at, 0, 1'000);
        if (!events && events.error().code != Errc::storage_corrupt) std::abort();
    }
    return found;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    if (size == 0) return 0;
    std::string_view input(reinterpret_cast<const char*>(bytes) + 1, size - 1);
    std::string data;
    if (bytes[0] == 0) {
        for (std::uint64_t number = 1; !input.empty(); ++number) append_batch(data, input, number);
    } else {
        data = input.substr(0, capacity - data_begin);
    }
    MemoryFiles files;
    auto file = std::make_shared<std::string>(encode_header({.store_id = store_id,
        .number = 1,
        .first_segment = 1,
        .capacity = capacity,
        .first_batch = 1}));
    file->resize(data_begin, '\0');
    *file += data;
    file->resize(capacity, '\0');
    files.files["00000001.seg"] = file;

    const auto first = read_all(files);
    if (first) {
        const auto second = read_all(files);
        if (!second || second->messages != first->messages) std::abort();
        return 0;
    }
    const auto repaired = repair_journal(files);
    if (!repaired) return 0;
    if (repaired->has_damage()) return 0;
    if (const auto mended = read_all(files); !mended) {
        std::fprintf(stderr, "repaired, and yet: %s\n", mended.error().detail.c_str());
        std::abort();
    }
    return 0;
}

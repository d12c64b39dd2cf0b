#include "queue/store/journal/fsck.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "queue/store/journal/fsck_mend.h"
#include "queue/store/journal/fsck_scan.h"
#include "queue/store/journal/hand_out.h"

namespace baton::queue::journal {
namespace {

/// Nobody listens: the reading itself is the check.
class CountingSink final : public RecoverySink {
public:
    void queue(QueuePut, std::uint64_t) override { ++queues; }
    void message(RecoveredMessage) override { ++messages; }
    void dedup(Locator, std::string, TimePoint) override {}
    void reply(RecoveredReply) override {}
    void output(RecoveredOutput) override {}
    void cursor(QueueNumber, std::string, std::uint64_t) override {}
    void paused_key(QueueNumber, KeyKind, std::string) override {}
    void quota(TenantId, std::uint64_t) override {}

    std::uint64_t queues = 0;
    std::uint64_t messages = 0;
};

/// Goes from file to file, says what is wrong and, if it may, mends it.
class Fsck {
public:
    Fsck(FileSystem& files, Scan scan, bool repairs)
        : files_(files), scan_(std::move(scan)), repairs_(repairs) {}

    Result<std::vector<Finding>> run() {
        const auto first = std::min(scan_.first_segment, scan_.last_segment);
        for (const auto& [number, scanned] : scan_.segments) {
            if (number >= first) break;
            Finding finding{.kind = Finding::Kind::left_over,
                .file = scanned.file.name,
                .what = "it is not needed any more"};
            if (repairs_) {
                BATON_TRY_VOID(files_.remove(scanned.file.name));
                finding.repair = "removed";
            }
            findings_.push_back(std::move(finding));
        }
        expected_ = number_at(first);
        if (expected_ == 0) expected_ = std::max<std::uint64_t>(next_readable(first), 2) - 1;
        for (auto number = first; number != 0 && number <= scan_.last_segment; ++number) {
            BATON_TRY_VOID(is_readable(number) ? look_into(number) : look_at_loss(number));
        }
        return std::move(findings_);
    }

private:
    [[nodiscard]] bool is_readable(std::uint32_t number) const {
        const auto found = scan_.segments.find(number);
        return found != scan_.segments.end() && found->second.segment;
    }
    /// Number of the first batch of a readable segment; 0: it is none.
    [[nodiscard]] std::uint64_t number_at(std::uint32_t number) const {
        return is_readable(number) ? scan_.segments.at(number).segment->header.first_batch : 0;
    }
    [[nodiscard]] std::uint64_t next_readable(std::uint32_t number) const {
        for (; number <= scan_.last_segment; ++number) {
            if (is_readable(number)) return number_at(number);
        }
        return 0;
    }
    [[nodiscard]] Gap gap_to(std::uint64_t next) const {
        return {.number = expected_, .next = next, .first_segment = scan_.first_segment};
    }

    /// A segment that is missing, or whose headers are both unreadable.
    Result<void> look_at_loss(std::uint32_t number) {
        const auto found = scan_.segments.find(number);
        const bool exists = found != scan_.segments.end();
        Finding finding{.file = segment_name(number),
            .what = exists ? found->second.problem : "the file is missing"};
        const auto next = next_readable(number + 1);
        if (repairs_ && next == 0) {
            if (exists) {
                BATON_TRY_VOID(files_.rename(finding.file, "quarantine." + finding.file));
                BATON_TRY_VOID(files_.sync_folder());
            }
            finding.repair = "moved to quarantine." + finding.file;
        } else if (repairs_) {
            BATON_TRY_VOID(replace_segment(files_, scan_.store_id, number, gap_to(next), exists));
            finding.repair = exists ? "moved to quarantine." + finding.file + ", a gap in its place"
                                    : "a gap in its place";
        }
        if (next != 0) expected_ = next;
        findings_.push_back(std::move(finding));
        return {};
    }

    Result<void> look_into(std::uint32_t number) {
        const ScannedSegment& scanned = scan_.segments.at(number);
        if (scanned.copy) {
            Finding finding{.file = scanned.file.name, .what = scanned.problem};
            if (repairs_) {
                BATON_TRY_VOID(rewrite_header(*scanned.segment));
                finding.repair = "header written again from its copy";
            }
            findings_.push_back(std::move(finding));
        }
        const auto following = number_at(number + 1);
        for (const auto& bad : scanned.bad) {
            BATON_TRY_VOID(look_at_stretch(scanned, bad, following));
        }
        const bool ends_early = scanned.bad.empty() || scanned.bad.back().next != 0;
        if (ends_early && following > scanned.next_batch) {
            const BadStretch missing{.begin = scanned.file.used,
                .end = scanned.file.used,
                .expected = scanned.next_batch,
                .what =
                    fmt::format("batches {} to {} are missing", scanned.next_batch, following - 1)};
            BATON_TRY_VOID(look_at_stretch(scanned, missing, following));
        }
        expected_ = following != 0 ? following : scanned.next_batch;
        return {};
    }

    Result<void> look_at_stretch(
        const ScannedSegment& scanned, const BadStretch& bad, std::uint64_t following) {
        Finding finding{.kind = bad.is_torn ? Finding::Kind::torn_tail : Finding::Kind::damage,
            .file = scanned.file.name,
            .offset = bad.begin,
            .what = bad.what};
        if (repairs_) {
            BATON_TRY(finding.repair, mend(scanned, bad, following));
        }
        findings_.push_back(std::move(finding));
        return {};
    }

    Result<std::string> mend(
        const ScannedSegment& scanned, const BadStretch& bad, std::uint64_t following) {
        const Segment& segment = *scanned.segment;
        if (bad.is_torn) {
            BATON_TRY_VOID(clear_tail(segment, bad.begin, bad.end));
            return std::string("cut");
        }
        std::string done;
        if (bad.end > bad.begin) {
            BATON_TRY(done, quarantine(files_, segment, bad.begin, bad.end));
            done = "copied to " + done + ", ";
        }
        const Gap gap{.number = bad.expected,
            .next = bad.next != 0 ? bad.next : following,
            .first_segment = scan_.first_segment};
        if (bad.next != 0) {
            BATON_TRY_VOID(write_gap(segment, bad.begin, bad.end, gap));
        } else if (following > bad.expected) {
            BATON_TRY_VOID(write_last_gap(segment, bad.begin, bad.end, gap));
        } else {
            BATON_TRY_VOID(clear_tail(segment, bad.begin, bad.end));
            return done + "cut";
        }
        return done + "a gap in its place";
    }

    FileSystem& files_;
    Scan scan_;
    const bool repairs_;
    std::uint64_t expected_ = 1;
    std::vector<Finding> findings_;
};

/// Reads the whole as the daemon does.
Result<void> read_all(FileSystem& files, bool repairs, FsckReport& report) {
    const auto mode = repairs ? FileSystem::Mode::existing : FileSystem::Mode::read_only;
    BATON_TRY(auto segments, open_segments(files, mode));
    if (segments.empty()) return {};
    Tail tail;
    BATON_TRY(const auto end, find_end(*segments.rbegin()->second, tail));
    BATON_TRY(const auto dropped, drop_unneeded(segments, end.first_segment));
    LiveIndex index;
    CountingSink sink;
    const auto read = recover_index(segments, index, sink);
    if (!read) {
        const bool has_orphans = std::ranges::any_of(
            index.queues(), [](const auto& entry) { return !entry.second.put; });
        Finding finding{.what = read.error().detail};
        if (repairs && has_orphans) {
            BATON_TRY(const auto names, describe_queues(files, segments, end, index));
            for (const auto& name : names) finding.repair += " made queue " + name;
            report.findings.push_back(std::move(finding));
            return read_all(files, false, report);
        }
        report.findings.push_back(std::move(finding));
        return {};
    }
    report.queues = sink.queues;
    report.messages = sink.messages;
    for (const auto& [number, use] : index.uses()) report.live_bytes += use.live_bytes;
    return {};
}

Result<FsckReport> run(FileSystem& files, bool repairs) {
    const auto mode = repairs ? FileSystem::Mode::existing : FileSystem::Mode::read_only;
    FsckReport report;
    BATON_TRY(auto scan, scan_journal(files, mode));
    Fsck fsck(files, std::move(scan), repairs);
    BATON_TRY(report.findings, fsck.run());
    if (repairs || !report.has_damage()) {
        BATON_TRY_VOID(read_all(files, repairs, report));
    }
    BATON_TRY(const auto after, scan_journal(files, FileSystem::Mode::read_only));
    for (const auto& [number, scanned] : after.segments) report.files.push_back(scanned.file);
    return report;
}

}  // namespace

bool FsckReport::has_damage() const {
    return std::ranges::any_of(findings, [](const Finding& finding) {
        return finding.kind == Finding::Kind::damage && finding.repair.empty();
    });
}

Result<FsckReport> check_journal(FileSystem& files) { return run(files, false); }
Result<FsckReport> repair_journal(FileSystem& files) { return run(files, true); }

}  // namespace baton::queue::journal

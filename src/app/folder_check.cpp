#include "app/folder_check.h"

#include <ostream>
#include <streambuf>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/core.h>

#include "app/kept_stores.h"
#include "db/sqlite/sqlite_database.h"
#include "model/json_text.h"
#include "queue/archive/archive.h"
#include "queue/store/journal/fsck.h"
#include "queue/store/sqlite/sqlite_store.h"

namespace baton::app {
namespace {

namespace json = boost::json;
namespace journal = queue::journal;

constexpr db::Statement integrity_check{"PRAGMA integrity_check"};

std::string_view name_of(journal::Finding::Kind kind) {
    switch (kind) {
        case journal::Finding::Kind::torn_tail: return "torn_tail";
        case journal::Finding::Kind::left_over: return "left_over";
        case journal::Finding::Kind::damage: return "damage";
    }
    return "damage";
}

/// What is written here is gone.
class Nowhere final : public std::streambuf {
    std::streamsize xsputn(const char*, std::streamsize size) override { return size; }
    int_type overflow(int_type byte) override { return traits_type::not_eof(byte); }
};

/// Puts what the structure of the file's pages lets SQLite say into `said`.
Result<void> ask_sqlite(db::Database& database, json::array& said) {
    BATON_TRY(const auto connection, database.connect());
    BATON_TRY_VOID(connection->execute(integrity_check, {}, [&](const db::Row& row) {
        if (row.text(0) != "ok") said.emplace_back(row.text(0));
        return true;
    }));
    return {};
}

/// Reads everything as an export does: every row makes sense, every content is there.
Result<queue::ArchiveCounts> read_all(db::Database& database) {
    BATON_TRY(const auto store, queue::make_sqlite_store(database));
    Nowhere nowhere;
    std::ostream out(&nowhere);
    return queue::export_store(*store, out);
}

class Check {
public:
    Result<void> look_at_journal(const std::filesystem::path& folder, bool repair) {
        BATON_TRY(const auto files, journal::make_posix_file_system(folder));
        BATON_TRY(const auto report,
            repair ? journal::repair_journal(*files) : journal::check_journal(*files));
        json::array files_json;
        text_ += fmt::format("journal {}\n", folder.string());
        text_ += fmt::format(
            "  {:<14} {:>12} {:>12} {:>9} {:>9}\n", "file", "bytes", "used", "batches", "records");
        for (const auto& file : report.files) {
            text_ += fmt::format("  {:<14} {:>12} {:>12} {:>9} {:>9}\n", file.name, file.bytes,
                file.used, file.batches, file.records);
            files_json.push_back(json::object{{"name", file.name}, {"bytes", file.bytes},
                {"used", file.used}, {"batches", file.batches}, {"records", file.records}});
        }
        json::array findings;
        for (const auto& finding : report.findings) {
            const auto name = name_of(finding.kind);
            text_ += fmt::format("  {}: {} byte {}: {}{}\n", name, finding.file, finding.offset,
                finding.what, finding.repair.empty() ? "" : ": " + finding.repair);
            findings.push_back(json::object{{"kind", name}, {"file", finding.file},
                {"offset", finding.offset}, {"what", finding.what}, {"repair", finding.repair}});
        }
        const bool damaged = report.has_damage();
        text_ += damaged ? "  damaged; --repair makes it readable again\n"
                         : fmt::format("  sound: {} queues, {} messages, {} live bytes\n",
                               report.queues, report.messages, report.live_bytes);
        is_sound_ = is_sound_ && !damaged;
        object_["journal"] = json::object{{"sound", !damaged}, {"queues", report.queues},
            {"messages", report.messages}, {"live_bytes", report.live_bytes},
            {"files", std::move(files_json)}, {"findings", std::move(findings)}};
        return {};
    }

    Result<void> look_at_database(const std::filesystem::path& file) {
        const auto database = db::make_sqlite_database({.file = file});
        json::array said;
        std::string holds;
        auto asked = ask_sqlite(*database, said);
        if (asked && said.empty() && file.filename() == "queue.db") {
            const auto counts = read_all(*database);
            if (counts) {
                holds = fmt::format(": {} queues, {} messages", counts->queues, counts->messages);
            } else {
                asked = fail(counts.error());
            }
        }
        if (!asked && asked.error().code != Errc::storage_corrupt) return asked;
        if (!asked) said.emplace_back(asked.error().detail);
        text_ += fmt::format("database {}\n", file.string());
        for (const auto& line : said) {
            text_ += fmt::format("  damage: {}\n", std::string_view(line.get_string()));
        }
        text_ += said.empty() ? "  sound" + holds + "\n"
                              : "  damaged; SQLite's `.recover` can read out what is left\n";
        is_sound_ = is_sound_ && said.empty();
        object_[file.filename().string()] =
            json::object{{"sound", said.empty()}, {"findings", std::move(said)}};
        return {};
    }

    /// A store that is lost as a whole.
    void miss(const std::filesystem::path& store, std::string_view why) {
        is_sound_ = false;
        text_ += fmt::format("{}\n  damage: {}\n", store.string(), why);
        object_[store.filename().string()] =
            json::object{{"sound", false}, {"findings", json::array{why}}};
    }

    FolderCheck finish() {
        if (text_.empty()) text_ = "nothing is stored here\n";
        object_["sound"] = is_sound_;
        return {.is_sound = is_sound_,
            .as_text = std::move(text_),
            .as_json = json_text(object_) + "\n"};
    }

private:
    bool is_sound_ = true;
    std::string text_;
    json::object object_;
};

}  // namespace

Result<FolderCheck> check_folder(const std::filesystem::path& dir, bool repair) {
    Check check;
    for (const char* name : {"journal", "queue.db", "baton.db"}) {
        const auto store = dir / name;
        if (const auto kept = check_kept(store); !kept) {
            check.miss(store, kept.error().detail);
        } else if (std::filesystem::is_directory(store)) {
            BATON_TRY_VOID(check.look_at_journal(store, repair));
        } else if (std::filesystem::exists(store)) {
            BATON_TRY_VOID(check.look_at_database(store));
        }
    }
    return check.finish();
}

}  // namespace baton::app

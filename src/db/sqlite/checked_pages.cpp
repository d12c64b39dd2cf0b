#include "db/sqlite/checked_pages.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <new>
#include <string_view>

#include "base/crc32c.h"

namespace baton::db {
namespace {

static_assert(std::endian::native == std::endian::little, "checksums are little endian");

using Io = sqlite3_io_methods;
using Page = std::array<char, checked_page_size>;

// Offsets in the header of a database file,
// https://www.sqlite.org/fileformat2.html#the_database_header
constexpr std::size_t header_size = 100;
constexpr std::size_t reserved_at = 20;
constexpr std::size_t application_id_at = 68;

/// Own operations of sqlite3_file_control; SQLite leaves those above 100 to applications.
constexpr int ask_damaged_page = 0x42746E01;
constexpr int ask_checksums = 0x42746E02;

/// An open file, and the system's file behind it. SQLite gives the memory and frees it.
struct CheckedFile {
    sqlite3_file base{};
    sqlite3_file* real = nullptr;
    CheckedFile* database =
        nullptr;              ///< that it belongs to, perhaps itself; null: a file for a while
    bool is_checked = false;  ///< has checksums; once it has, it keeps them
    std::uint32_t damaged_page = 0;
    bool sync_failed = false;  ///< of the database or its log

    [[nodiscard]] bool is_database() const { return database == this; }
};
CheckedFile& of(sqlite3_file* file) { return *reinterpret_cast<CheckedFile*>(file); }

/// Hands a call of the file to the system's.
template <auto Method>
struct Forward;
template <class R, class... Args, R (*Io::*Method)(sqlite3_file*, Args...)>
struct Forward<Method> {
    static R call(sqlite3_file* file, Args... args) {
        sqlite3_file* const real = of(file).real;
        return (real->pMethods->*Method)(real, args...);
    }
};

/// Hands a call about names to the system's door.
template <auto Method>
struct ForwardName;
template <class R, class... Args, R (*sqlite3_vfs::*Method)(sqlite3_vfs*, Args...)>
struct ForwardName<Method> {
    static R call(sqlite3_vfs*, Args... args) {
        sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
        return (system->*Method)(system, args...);
    }
};

std::uint32_t sum_of(std::uint32_t number, const char* page) {
    const auto place = std::bit_cast<std::array<char, sizeof(number)>>(number);
    return crc32c(crc32c(0, {place.data(), place.size()}),
        {page, static_cast<std::size_t>(checked_page_size - checksum_size)});
}
bool is_sound(std::uint32_t number, const char* page) {
    std::uint32_t sum = 0;
    std::memcpy(&sum, page + checked_page_size - checksum_size, sizeof(sum));
    return sum == sum_of(number, page);
}

/// Whether a file that begins with `header` has checksums: all but those made before there were
/// any. A rotten header says so, too, and its page is found out.
bool says_checked(const char* header) {
    std::uint32_t id = 0;
    for (std::size_t i = 0; i < sizeof(id); ++i) {
        id = (id << 8) | static_cast<unsigned char>(header[application_id_at + i]);
    }
    return header[reserved_at] != 0 || id == checked_application_id;
}

/// Looks at the file until it has checksums: another connection may be the one that puts them in.
bool is_checked(CheckedFile& file) {
    if (!file.is_database() || file.is_checked) return file.is_checked;
    std::array<char, header_size> header{};
    const int code =
        file.real->pMethods->xRead(file.real, header.data(), static_cast<int>(header.size()), 0);
    file.is_checked = code == SQLITE_OK && says_checked(header.data());
    return file.is_checked;
}

/// Reads the page that holds byte `at`, sound or not at all. Only an empty file may end before it.
int read_page(CheckedFile& file, sqlite3_int64 at, char* page) {
    const auto& system = *file.real->pMethods;
    const sqlite3_int64 begin = at / checked_page_size * checked_page_size;
    int code = system.xRead(file.real, page, checked_page_size, begin);
    const auto number = static_cast<std::uint32_t>(begin / checked_page_size + 1);
    if (code == SQLITE_OK && (!is_checked(file) || is_sound(number, page))) return SQLITE_OK;
    if (code == SQLITE_IOERR_SHORT_READ) {
        sqlite3_int64 size = 0;
        const int asked = system.xFileSize(file.real, &size);
        if (asked != SQLITE_OK || size == 0) return asked != SQLITE_OK ? asked : code;
        code = SQLITE_OK;
    }
    if (code != SQLITE_OK) return code;
    file.damaged_page = number;
    return SQLITE_IOERR_DATA;
}

int read(sqlite3_file* base, void* into, int size, sqlite3_int64 at) {
    CheckedFile& file = of(base);
    // A look at the header comes before SQLite has mended what a crash left, and a look at the page
    // behind it.
    const bool is_header = at + size <= static_cast<sqlite3_int64>(header_size);
    if (!file.is_database() || is_header) return Forward<&Io::xRead>::call(base, into, size, at);
    if (size == checked_page_size && at % checked_page_size == 0) {
        return read_page(file, at, static_cast<char*>(into));
    }
    auto* out = static_cast<char*>(into);
    Page page;
    while (size > 0) {
        if (const int code = read_page(file, at, page.data()); code != SQLITE_OK) return code;
        const auto skipped = static_cast<int>(at % checked_page_size);
        const int part = std::min(size, checked_page_size - skipped);
        out = std::copy_n(page.data() + skipped, part, out);
        size -= part;
        at += part;
    }
    return SQLITE_OK;
}

/// After a failed sync nobody knows what is on disk, and SQLite passes over some (at a checkpoint
/// behind a commit): so nothing is written any more by this connection.
bool is_final(const CheckedFile& file) {
    return file.database != nullptr && file.database->sync_failed;
}

int sync(sqlite3_file* base, int how) {
    CheckedFile& file = of(base);
    if (is_final(file)) return SQLITE_IOERR_FSYNC;
    const int code = Forward<&Io::xSync>::call(base, how);
    if (code != SQLITE_OK && file.database != nullptr) file.database->sync_failed = true;
    return code;
}

int truncate(sqlite3_file* base, sqlite3_int64 size) {
    if (is_final(of(base))) return SQLITE_IOERR_FSYNC;
    return Forward<&Io::xTruncate>::call(base, size);
}

int write(sqlite3_file* base, const void* data, int size, sqlite3_int64 at) {
    CheckedFile& file = of(base);
    if (is_final(file)) return SQLITE_IOERR_FSYNC;
    const bool is_page = size == checked_page_size && at % checked_page_size == 0;
    const bool is_first = is_page && at == 0 && file.is_database();
    const bool checked = is_first ? says_checked(static_cast<const char*>(data)) : is_checked(file);
    if (!is_page || !checked) return Forward<&Io::xWrite>::call(base, data, size, at);
    Page page;
    std::memcpy(page.data(), data, page.size());
    const auto number = static_cast<std::uint32_t>(at / checked_page_size + 1);
    const std::uint32_t sum = sum_of(number, page.data());
    std::memcpy(page.data() + checked_page_size - checksum_size, &sum, sizeof(sum));
    return file.real->pMethods->xWrite(file.real, page.data(), size, at);
}

int control(sqlite3_file* base, int operation, void* argument) {
    CheckedFile& file = of(base);
    if (operation == ask_damaged_page) {
        *static_cast<std::uint32_t*>(argument) = file.damaged_page;
        return SQLITE_OK;
    }
    if (operation == ask_checksums) {
        *static_cast<bool*>(argument) = is_checked(file);
        return SQLITE_OK;
    }
    return Forward<&Io::xFileControl>::call(base, operation, argument);
}

int close(sqlite3_file* base) {
    sqlite3_file* const real = of(base).real;
    const int code = real->pMethods->xClose(real);
    sqlite3_free(real);
    return code;
}

// Version 2: no memory map, which would go round the checksums.
constexpr Io methods{.iVersion = 2,
    .xClose = close,
    .xRead = read,
    .xWrite = write,
    .xTruncate = truncate,
    .xSync = sync,
    .xFileSize = Forward<&Io::xFileSize>::call,
    .xLock = Forward<&Io::xLock>::call,
    .xUnlock = Forward<&Io::xUnlock>::call,
    .xCheckReservedLock = Forward<&Io::xCheckReservedLock>::call,
    .xFileControl = control,
    .xSectorSize = Forward<&Io::xSectorSize>::call,
    .xDeviceCharacteristics = Forward<&Io::xDeviceCharacteristics>::call,
    .xShmMap = Forward<&Io::xShmMap>::call,
    .xShmLock = Forward<&Io::xShmLock>::call,
    .xShmBarrier = Forward<&Io::xShmBarrier>::call,
    .xShmUnmap = Forward<&Io::xShmUnmap>::call,
    .xFetch = nullptr,
    .xUnfetch = nullptr};

int open(sqlite3_vfs*, const char* name, sqlite3_file* base, int flags, int* out_flags) {
    auto* const file = new (base) CheckedFile{};
    sqlite3_vfs* const system = sqlite3_vfs_find(nullptr);
    file->real =
        static_cast<sqlite3_file*>(sqlite3_malloc64(static_cast<sqlite3_uint64>(system->szOsFile)));
    if (file->real == nullptr) return SQLITE_NOMEM;
    std::memset(file->real, 0, static_cast<std::size_t>(system->szOsFile));
    if ((flags & SQLITE_OPEN_MAIN_DB) != 0) file->database = file;
    if ((flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0) {
        file->database = &of(sqlite3_database_file_object(name));
    }
    const int code = system->xOpen(system, name, file->real, flags, out_flags);
    if (file->real->pMethods != nullptr) {
        file->base.pMethods = &methods;
    } else {
        sqlite3_free(file->real);
    }
    return code;
}

sqlite3_vfs make_vfs() {
    sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
    vfs.szOsFile = static_cast<int>(sizeof(CheckedFile));
    vfs.zName = "baton-checked-pages";
    vfs.pNext = nullptr;
    vfs.xOpen = open;
    vfs.xDelete = ForwardName<&sqlite3_vfs::xDelete>::call;
    vfs.xAccess = ForwardName<&sqlite3_vfs::xAccess>::call;
    vfs.xFullPathname = ForwardName<&sqlite3_vfs::xFullPathname>::call;
    return vfs;
}

}  // namespace

const char* checked_pages() {
    static sqlite3_vfs vfs = make_vfs();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    static_cast<void>(registered);
    return vfs.zName;
}

std::uint32_t damaged_page(sqlite3* db) noexcept {
    std::uint32_t number = 0;
    sqlite3_file_control(db, "main", ask_damaged_page, &number);
    return number;
}

bool has_checksums(sqlite3* db) noexcept {
    bool has = false;
    sqlite3_file_control(db, "main", ask_checksums, &has);
    return has;
}

}  // namespace baton::db

#include "db/sqlite/block_words.h"

#include <memory>
#include <new>
#include <string>

namespace baton::db {
namespace {

/// A tokenizer's instance, and the one that it hands texts to.
class BlockWords final {
public:
    BlockWords(const fts5_tokenizer& splitter, Fts5Tokenizer* made) noexcept
        : splitter_(splitter), made_(made) {}
    ~BlockWords() { splitter_.xDelete(made_); }
    BlockWords(const BlockWords&) = delete;
    BlockWords& operator=(const BlockWords&) = delete;

    using TakeWord = int (*)(void*, int, const char*, int, int, int);

    int split(void* context, int flags, const char* text, int size, TakeWord take) {
        constexpr int mark_size = block_mark_size;
        if (text == nullptr || size <= mark_size) return SQLITE_OK;
        Words words{context, take, std::string(text, block_mark_size)};
        return splitter_.xTokenize(
            made_, &words, flags, text + mark_size, size - mark_size, &Words::give);
    }

private:
    /// Gives on each word behind the mark.
    struct Words {
        void* context;
        TakeWord take;
        std::string word;

        static int give(
            void* self, int flags, const char* word, int size, int begin, int end) noexcept {
            constexpr int mark_size = block_mark_size;
            auto& words = *static_cast<Words*>(self);
            try {
                words.word.resize(block_mark_size);
                words.word.append(word, static_cast<std::size_t>(size));
            } catch (const std::bad_alloc&) {
                return SQLITE_NOMEM;
            }
            return words.take(words.context, flags, words.word.data(), size + mark_size,
                begin + mark_size, end + mark_size);
        }
    };

    fts5_tokenizer splitter_;
    Fts5Tokenizer* made_;
};

int create(void* context, const char** words, int count, Fts5Tokenizer** out) noexcept {
    auto* const api = static_cast<fts5_api*>(context);
    if (count < 1) return SQLITE_ERROR;
    void* splitter_context = nullptr;
    fts5_tokenizer splitter{};
    int code = api->xFindTokenizer(api, words[0], &splitter_context, &splitter);
    if (code != SQLITE_OK) return code;
    Fts5Tokenizer* made = nullptr;
    code = splitter.xCreate(splitter_context, words + 1, count - 1, &made);
    if (code != SQLITE_OK) return code;
    auto* const own = new (std::nothrow) BlockWords(splitter, made);
    if (own == nullptr) {
        splitter.xDelete(made);
        return SQLITE_NOMEM;
    }
    *out = reinterpret_cast<Fts5Tokenizer*>(own);
    return SQLITE_OK;
}

void destroy(Fts5Tokenizer* tokenizer) noexcept {
    const std::unique_ptr<BlockWords> own(reinterpret_cast<BlockWords*>(tokenizer));
}

int tokenize(Fts5Tokenizer* tokenizer, void* context, int flags, const char* text, int size,
    BlockWords::TakeWord take) noexcept {
    try {
        return reinterpret_cast<BlockWords*>(tokenizer)->split(context, flags, text, size, take);
    } catch (const std::bad_alloc&) {
        return SQLITE_NOMEM;
    }
}

/// FTS5's functions for its extensions; null when this SQLite has none.
fts5_api* api_of(sqlite3* db) noexcept {
    fts5_api* api = nullptr;
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &statement, nullptr) == SQLITE_OK) {
        sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
        sqlite3_step(statement);
    }
    sqlite3_finalize(statement);
    return api;
}

}  // namespace

int add_block_words(sqlite3* db) noexcept {
    fts5_api* const api = api_of(db);
    if (api == nullptr) return SQLITE_ERROR;
    fts5_tokenizer tokenizer{create, destroy, tokenize};
    return api->xCreateTokenizer(api, "baton_blocks", api, &tokenizer, nullptr);
}

}  // namespace baton::db

#include "api/krpc/envelope.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <utility>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/parse_options.hpp>
#include <fmt/core.h>

#include "base/text.h"
#include "model/codec.h"
#include "model/json_text.h"

namespace baton::api::krpc {
namespace {

namespace json = boost::json;
using Code = boost::system::error_code;

constexpr std::size_t method_max = 64;  // bytes that are kept: longer ones are no method of ours
constexpr std::size_t token_max = 512;  // bytes; longer ones are no key of ours
constexpr std::size_t depth_max = json_depth_max + 2;  // the parameters stand in an object

/// Listens to a parser and keeps what stands at the top: no tree, whatever the size of the call.
class Listener {
public:
    static constexpr std::size_t max_object_size = SIZE_MAX;
    static constexpr std::size_t max_array_size = SIZE_MAX;
    static constexpr std::size_t max_key_size = SIZE_MAX;
    static constexpr std::size_t max_string_size = SIZE_MAX;

    Envelope envelope;

    bool on_document_begin(Code&) { return true; }
    bool on_document_end(Code&) { return true; }
    bool on_object_begin(Code&) {
        if (depth_ == 0) is_object_ = true;
        return open("an object");
    }
    bool on_object_end(std::size_t, Code&) { return close(); }
    bool on_array_begin(Code&) {
        if (depth_ == 1 && is_object_ && part_ == Part::sys) begin_sys();
        return open("an array");
    }
    bool on_array_end(std::size_t, Code&) {
        if (depth_ == 2 && in_sys_) end_sys();
        return close();
    }
    bool on_key_part(std::string_view text, std::size_t, Code&) { return add(text); }
    bool on_key(std::string_view text, std::size_t, Code&) {
        add(text);
        const std::string key = std::exchange(text_, {});
        if (depth_ != 1 || !is_object_) return true;
        part_ = Part::other;
        if (key == "method") part_ = Part::method;
        if (key == "sys") part_ = Part::sys;
        return true;
    }
    bool on_string_part(std::string_view text, std::size_t, Code&) { return add(text); }
    bool on_string(std::string_view text, std::size_t, Code&) {
        add(text);
        take_text(std::exchange(text_, {}));
        return true;
    }
    bool on_number_part(std::string_view, Code&) { return true; }
    bool on_int64(std::int64_t number, std::string_view, Code&) {
        return number < 0 ? other("a negative number")
                          : take_seq(static_cast<std::uint64_t>(number));
    }
    bool on_uint64(std::uint64_t number, std::string_view, Code&) { return take_seq(number); }
    bool on_double(double, std::string_view, Code&) { return other("a number with a fraction"); }
    bool on_bool(bool, Code&) { return other("a boolean"); }
    bool on_null(Code&) {
        if (in_sys_ && depth_ == 2) {
            if (place_++ == 0) blame("sys[0]", "is null, and must be the number of the call");
        } else if (depth_ == 1 && part_ == Part::method) {
            envelope.method.clear();
        }
        return true;
    }
    bool on_comment_part(std::string_view, Code&) { return true; }
    bool on_comment(std::string_view, Code&) { return true; }

    [[nodiscard]] bool is_object() const noexcept { return is_object_; }
    [[nodiscard]] bool has_sys() const noexcept { return has_sys_; }

private:
    enum class Part : std::uint8_t { other, method, sys };

    void blame(std::string_view field, std::string_view what) {
        if (envelope.error) return;
        envelope.error = Error{.code = Errc::invalid_argument,
            .detail = fmt::format("`{}` {}", field, what),
            .field = std::string(field)};
    }
    /// Keeps what is short enough to matter; of longer texts one byte too many, which tells.
    bool add(std::string_view text) {
        const bool matters = depth_ == 1 || (depth_ == 2 && in_sys_);
        if (matters) text_ += text.substr(0, token_max + 1 - std::min(text_.size(), token_max + 1));
        return true;
    }
    bool open(std::string_view kind) {
        if (!(in_sys_ && depth_ == 1)) other(kind);
        ++depth_;
        return true;
    }
    bool close() {
        --depth_;
        return true;
    }
    void begin_sys() {
        in_sys_ = has_sys_ = true;
        place_ = 0;
        envelope.seq = 0;
        envelope.token = {};
        envelope.trace.clear();
    }
    void end_sys() {
        in_sys_ = false;
        if (place_ == 0) blame("sys[0]", "is missing: the number of the call");
    }
    void take_text(std::string text) {
        if (depth_ == 2 && in_sys_) {
            take_of_sys(std::move(text));
        } else if (depth_ == 1 && part_ == Part::method) {
            envelope.method = text.size() > method_max ? "(long)" : std::move(text);
        } else {
            other("a string");
        }
    }
    void take_of_sys(std::string text) {
        const std::size_t place = place_++;
        if (place == 0) blame("sys[0]", "is a string, and must be the number of the call");
        if (place == 1 && text.size() <= token_max) {
            envelope.token = Secret(std::move(text));
        } else if (place == 2 && text.size() <= Envelope::trace_max && is_utf8(text)) {
            envelope.trace = std::move(text);
        } else if (place == 2) {
            blame("sys[2]", fmt::format("is longer than {} bytes", Envelope::trace_max));
        }
    }
    bool take_seq(std::uint64_t number) {
        if (!in_sys_ || depth_ != 2 || place_ != 0) return other("a number");
        ++place_;
        envelope.seq = number;
        return true;
    }
    /// A value of a kind that does not belong where the call's frame is.
    bool other(std::string_view kind) {
        if (depth_ == 2 && in_sys_) {
            constexpr std::string_view fields[] = {"sys[0]", "sys[1]", "sys[2]"};
            constexpr std::string_view wanted[] = {"a whole number", "a string", "a string"};
            const std::size_t place = place_++;
            if (place < std::size(fields)) {
                blame(fields[place], fmt::format("is {}, and must be {}", kind, wanted[place]));
            }
        } else if (depth_ == 1 && is_object_ && part_ != Part::other) {
            const bool method = part_ == Part::method;
            if (method || kind != "an array") {
                blame(method ? "method" : "sys",
                    fmt::format("is {}, and must be {}", kind, method ? "a string" : "an array"));
            }
        }
        return true;
    }

    std::size_t depth_ = 0;
    std::size_t place_ = 0;  ///< in sys
    Part part_ = Part::other;
    bool is_object_ = false;
    bool in_sys_ = false;
    bool has_sys_ = false;
    std::string text_;
};

/// The number in a call that could not be read as far as its `sys`, which comes last as a rule: a
/// lone half of a surrogate pair in a message must not hide whose call it was. 0: none.
std::uint64_t number_behind(std::string_view body) noexcept {
    constexpr std::string_view key = R"("sys")";
    const std::size_t at = body.rfind(key);
    if (at == std::string_view::npos) return 0;
    body.remove_prefix(at + key.size());
    for (const char wanted : {':', '['}) {
        body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
        if (!body.starts_with(wanted)) return 0;
        body.remove_prefix(1);
    }
    body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
    std::uint64_t number = 0;
    const auto read = std::from_chars(body.data(), body.data() + body.size(), number);
    return read.ec == std::errc() ? number : 0;
}

std::string begin_text(std::size_t size) {
    std::string out;
    out.reserve(size + 96);
    return out;
}

void append_sys(JsonObjectText& answer, const Envelope& call) {
    std::string& out = answer.begin("sys");
    out += fmt::format("[{}", call.seq);
    if (!call.trace.empty()) {
        out += ',';
        append_json_string(out, call.trace);
    }
    out += ']';
}

}  // namespace

Envelope read_envelope(std::string_view body) {
    json::parse_options options;
    options.max_depth = depth_max;
    options.allow_invalid_utf8 = true;  // it is looked at below
    json::basic_parser<Listener> parser(options);
    Code error;
    const std::size_t consumed = parser.write_some(false, body.data(), body.size(), error);
    Listener& heard = parser.handler();
    Envelope envelope = std::move(heard.envelope);
    if (error && !heard.has_sys()) envelope.seq = number_behind(body.substr(consumed));
    if (!is_utf8(envelope.method)) envelope.method.clear();
    if (!is_utf8(body)) {
        envelope.error = Error{.code = Errc::invalid_utf8, .detail = "the call is not UTF-8"};
    } else if (error || consumed < body.size()) {
        envelope.error = Error{.code = Errc::malformed_json,
            .detail = fmt::format("the call is not JSON: {} at byte {}",
                error ? error.message() : "more text behind its end", consumed)};
    } else if (!heard.is_object()) {
        envelope.error = Error{.code = Errc::invalid_argument, .detail = "the call is no object"};
    }
    return envelope;
}

/// Written around the result, which may be long: no second copy of it.
std::string result_text(const Envelope& call, std::string result) {
    constexpr std::string_view before = R"({"result":)";
    std::string behind;
    {
        JsonObjectText answer(behind);
        append_sys(answer, call);
    }
    behind.front() = ',';
    result.reserve(result.size() + before.size() + behind.size());
    result.insert(0, before);
    result += behind;
    return result;
}

std::string error_text(const Envelope& call, const Error& error) {
    std::string words = to_string(error);
    if (!is_utf8(words)) words = std::string(to_string(error.code)) + ": (not UTF-8)";
    std::string out = begin_text(2 * words.size());
    {
        JsonObjectText answer(out);
        answer.text("error", words);
        append_sys(answer, call);
        append_json(answer.begin("error_info"), error);
    }
    return out;
}

}  // namespace baton::api::krpc

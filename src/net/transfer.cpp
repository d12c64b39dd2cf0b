#include "net/transfer.h"

#include <algorithm>
#include <charconv>

#include <curl/curl.h>

namespace baton::net {
namespace {

// Far above what servers send; curl itself would take 100 KiB a line without end.
constexpr std::size_t answer_header_max = 262'144;
constexpr long receive_buffer_bytes = 65'536;

using UrlHandle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string url_part(CURLU* url, CURLUPart part) {
    char* text = nullptr;
    if (curl_url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
    std::string copy = text;
    curl_free(text);
    return copy;
}

/// "http://host:port", or why not. The text of a bad URL is never repeated: it may hold a password.
Result<std::string> parse_origin(const std::string& text) {
    const UrlHandle url(curl_url(), curl_url_cleanup);
    const bool has_nul = text.find('\0') != std::string::npos;
    const auto code = curl_url_set(url.get(), CURLUPART_URL, text.c_str(), 0);
    if (has_nul || code != CURLUE_OK) {
        return fail_field(Errc::invalid_argument, "url",
            std::string("not a URL: ") + (has_nul ? "it holds a NUL" : curl_url_strerror(code)));
    }
    const auto scheme = url_part(url.get(), CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https") {
        return fail_field(Errc::invalid_argument, "url", "only http and https are spoken here");
    }
    return scheme + "://" + url_part(url.get(), CURLUPART_HOST) + ":" +
           url_part(url.get(), CURLUPART_PORT);
}

bool breaks_line(std::string_view text) noexcept {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

bool is_field_name(std::string_view name) noexcept {
    return !name.empty() && name.find_first_of(" \t:;") == std::string_view::npos;
}

std::string_view trim(std::string_view text) noexcept {
    constexpr std::string_view blank = " \t\r\n";
    const auto begin = text.find_first_not_of(blank);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blank) - begin + 1);
}

/// "HTTP/1.1 200 OK" → 200; 0 when it is no status line.
int parse_status(std::string_view line) noexcept {
    const auto space = line.find(' ');
    if (!line.starts_with("HTTP/") || space == std::string_view::npos) return 0;
    int status = 0;
    std::from_chars(line.data() + space + 1, line.data() + line.size(), status);
    return status;
}

Errc to_errc(CURLcode code) noexcept {
    switch (code) {
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:  // what curl says of an HTTP/0.9 answer
            return Errc::protocol_error;
        case CURLE_URL_MALFORMAT: return Errc::invalid_argument;
        case CURLE_OUT_OF_MEMORY:
        case CURLE_FAILED_INIT: return Errc::internal;
        default: return Errc::connection_failed;
    }
}

}  // namespace

Result<std::shared_ptr<Transfer>> Transfer::make(ClientRequest request, TransferOptions options) {
    std::shared_ptr<Transfer> transfer(new Transfer(std::move(request), std::move(options)));
    BATON_TRY_VOID(transfer->check());
    return transfer;
}

Transfer::~Transfer() { curl_slist_free_all(field_list_); }

Result<void> Transfer::check() {
    BATON_TRY(auto origin, parse_origin(request_.url));
    origin_ = std::move(origin);
    if (request_.method == Method::other) {
        return fail_field(Errc::invalid_argument, "method", "no method to send");
    }
    for (const auto& [name, value] : request_.fields.all()) {
        if (is_field_name(name) && !breaks_line(name) && !breaks_line(value)) continue;
        return fail_field(Errc::invalid_argument, "fields", "a header field breaks its line");
    }
    return {};
}

void Transfer::attach(EasyHandle easy) {
    easy_ = easy;
    moved();
    set_options();
    set_callbacks();
    set_method();
    set_fields();
}

void Transfer::set_options() {
    curl_easy_setopt(easy_, CURLOPT_URL, request_.url.c_str());
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
    static_assert(std::tuple_size_v<decltype(curl_error_)> == CURL_ERROR_SIZE);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, curl_error_.data());
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_PROXY, "");
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    // HTTP/1.1 only: a connection of its own keeps a request's pauses apart from all others.
    curl_easy_setopt(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(easy_, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy_, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy_, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, receive_buffer_bytes);
    // Dropping a transfer must not wait for its name lookup.
    curl_easy_setopt(easy_, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(
        easy_, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
}

void Transfer::set_callbacks() {
    using Size = std::size_t;
    const auto on_header = [](char* data, Size, Size size, void* self) -> Size {
        return static_cast<Transfer*>(self)->on_header({data, size});
    };
    const auto on_body = [](char* data, Size, Size size, void* self) -> Size {
        return static_cast<Transfer*>(self)->on_body({data, size});
    };
    const auto on_connected = [](void* self, char*, char*, int, int) -> int {
        auto* transfer = static_cast<Transfer*>(self);
        transfer->talking_ = true;
        transfer->moved();
        return CURL_PREREQFUNC_OK;
    };
    const auto on_progress = [](void* self, curl_off_t, curl_off_t down, curl_off_t,
                                 curl_off_t up) -> int {
        auto* transfer = static_cast<Transfer*>(self);
        if (std::exchange(transfer->bytes_moved_, down + up) != down + up) transfer->moved();
        return 0;
    };
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, +on_header);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, +on_body);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(easy_, CURLOPT_PREREQFUNCTION, +on_connected);
    curl_easy_setopt(easy_, CURLOPT_PREREQDATA, this);
    curl_easy_setopt(easy_, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(easy_, CURLOPT_XFERINFOFUNCTION, +on_progress);
    curl_easy_setopt(easy_, CURLOPT_XFERINFODATA, this);
}

void Transfer::set_method() {
    const std::string method(to_string(request_.method));
    const bool takes_body = request_.method == Method::post || request_.method == Method::put ||
                            request_.method == Method::patch;
    if (takes_body || !request_.body.empty()) {
        curl_easy_setopt(
            easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
        curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request_.body.data());
    }
    if (request_.method == Method::head) {
        curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
    } else {
        curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, method.c_str());
    }
}

void Transfer::set_fields() {
    const auto append = [&](const std::string& line) {
        if (auto* list = curl_slist_append(field_list_, line.c_str())) field_list_ = list;
    };
    for (const auto& [name, value] : request_.fields.all()) {
        append(trim(value).empty() ? name + ";" : name + ": " + value);
    }
    // What curl would add by itself: a form's content type, and a round trip before large bodies.
    if (!request_.fields.has("Content-Type")) append("Content-Type:");
    if (!request_.fields.has("Expect")) append("Expect:");
    if (!request_.fields.has("User-Agent")) append("User-Agent: baton");
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, field_list_);
}

void Transfer::resume() {
    paused_ = false;
    moved();
    curl_easy_pause(easy_, CURLPAUSE_CONT);
}

Transfer::TimePoint Transfer::due() const noexcept {
    const auto deadline = options_.deadline.at();
    // A paused transfer is silent because our side lags.
    if (!talking_ || paused_ || options_.stall_timeout.count() == 0) return deadline;
    return std::min(deadline, moved_at_ + options_.stall_timeout);
}

/// Returning less than the size makes curl give up.
std::size_t Transfer::on_header(std::string_view line) {
    moved();
    header_bytes_ += line.size();
    if (header_bytes_ > answer_header_max) {
        failure_ = Error{
            .code = Errc::protocol_error, .detail = "the head of the answer exceeds 262144 bytes"};
        return 0;
    }
    if (head_complete_) return line.size();  // a trailer
    if (const int status = parse_status(line); status != 0) {
        response_ = Response{.status = status, .fields = {}, .body = {}, .content_type = {}};
    } else if (trim(line).empty()) {
        if (response_.status >= 200) on_head_complete();
    } else {
        const auto colon = std::min(line.find(':'), line.size() - 1);
        response_.fields.add(
            std::string(trim(line.substr(0, colon))), std::string(trim(line.substr(colon + 1))));
    }
    return failure_ ? 0 : line.size();
}

void Transfer::on_head_complete() {
    head_complete_ = true;
    response_.content_type = response_.fields.get("Content-Type");
    if (options_.streaming) {
        mailbox.put_head(response_);
        return;
    }
    if (request_.method == Method::head) return;
    const auto length = response_.fields.get("Content-Length");
    std::size_t announced = 0;
    std::from_chars(length.data(), length.data() + length.size(), announced);
    if (announced > options_.body_max) {
        failure_ = Error{.code = Errc::payload_too_large,
            .detail = "the answer exceeds " + std::to_string(options_.body_max) + " bytes"};
    }
}

std::size_t Transfer::on_body(std::string_view piece) {
    moved();
    if (options_.streaming) {
        if (mailbox.put_body(piece)) return piece.size();
        paused_ = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    if (response_.body.size() + piece.size() > options_.body_max) {
        failure_ = Error{.code = Errc::payload_too_large,
            .detail = "the answer exceeds " + std::to_string(options_.body_max) + " bytes"};
        return 0;
    }
    response_.body += piece;
    return piece.size();
}

void Transfer::finish(int curl_code) {
    const auto code = static_cast<CURLcode>(curl_code);
    if (failure_) return finish(*std::move(failure_));
    if (code != CURLE_OK) {
        const std::string_view said(curl_error_.data());
        return finish(Error{.code = to_errc(code),
            .detail = std::string(said.empty() ? curl_easy_strerror(code) : said)});
    }
    if (!options_.streaming) mailbox.put_head(std::move(response_));
    mailbox.put_end({});
}

void Transfer::finish(Error error) {
    const std::string context = std::string(to_string(request_.method)) + " " + origin_;
    mailbox.put_end(fail(with_context(std::move(error), context)));
}

}  // namespace baton::net

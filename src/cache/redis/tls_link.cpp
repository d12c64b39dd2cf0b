#include "cache/redis/tls_link.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <new>
#include <poll.h>
#include <sys/socket.h>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace baton::cache {
namespace {

std::string text_of(int error) { return std::generic_category().message(error); }

/// Until the socket is ready for `events`, or the deadline, behind which nothing counts: a server
/// that says something all the time must not be listened to for ever.
Result<void> wait(int socket, short events, SteadyTime deadline) {
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        if (left.count() <= 0) return fail(Errc::unavailable, "no answer in time");
        pollfd waiting{socket, events, 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(left.count()));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return fail(Errc::unavailable, text_of(errno));
    }
}

/// Alerts that tell a client what it is, or that the two have no TLS in common; the others are
/// accidents.
bool is_refusal(int alert) noexcept {
    switch (alert) {
        case SSL_AD_HANDSHAKE_FAILURE:
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
        case SSL_AD_PROTOCOL_VERSION:
        case SSL_AD_INSUFFICIENT_SECURITY:
        case SSL_AD_UNRECOGNIZED_NAME:
        case SSL_AD_CERTIFICATE_REQUIRED: return true;
        default: return false;
    }
}

}  // namespace

void TlsStateCloser::operator()(ssl_st* state) const noexcept { SSL_free(state); }

/// OpenSSL reads and writes memory; the socket is ours, and so are the waits.
TlsLink::TlsLink(ssl_ctx_st& context, int socket, std::string name)
    : socket_(socket), name_(std::move(name)), state_(SSL_new(&context)) {
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    if (!state_ || in == nullptr || out == nullptr) {
        BIO_free(in);
        BIO_free(out);
        throw std::bad_alloc();
    }
    SSL_set_bio(state_.get(), in, out);
    SSL_set_connect_state(state_.get());
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(state_.get()), name_.c_str()) == 1) return;
    SSL_set_hostflags(state_.get(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set1_host(state_.get(), name_.c_str()) != 1 ||
        SSL_set_tlsext_host_name(state_.get(), name_.c_str()) != 1) {
        throw std::bad_alloc();
    }
}

Result<std::unique_ptr<TlsLink>> TlsLink::shake_hands(
    ssl_ctx_st& context, int socket, const std::string& name, SteadyTime deadline) {
    std::unique_ptr<TlsLink> link(new TlsLink(context, socket, name));
    const auto shaken = link->run([&] { return SSL_do_handshake(link->state_.get()); }, deadline);
    if (shaken) return link;
    auto error = shaken.error();
    if (error.code == Errc::unavailable) error.detail += "; does it speak TLS on this port?";
    return fail(with_context(std::move(error), "TLS handshake"));
}

/// A record at a time: OpenSSL's memory keeps its greatest size and is wiped as a whole each time.
Result<void> TlsLink::write(std::string_view bytes, SteadyTime deadline) {
    while (!bytes.empty()) {
        const auto record = bytes.substr(0, buffer_.size());
        const auto step = [&] {
            return SSL_write(state_.get(), record.data(), static_cast<int>(record.size()));
        };
        BATON_TRY(const int written, run(step, deadline));
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

Result<std::string_view> TlsLink::read(SteadyTime deadline) {
    const auto step = [&] {
        return SSL_read(state_.get(), buffer_.data(), static_cast<int>(buffer_.size()));
    };
    BATON_TRY(const int size, run(step, deadline));
    return std::string_view(buffer_.data(), static_cast<std::size_t>(size));
}

bool TlsLink::is_idle() noexcept {
    std::size_t heard = 0;
    while (true) {
        const auto size = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) break;
        if (size <= 0) return false;
        heard += static_cast<std::size_t>(size);
        if (heard >= buffer_.size()) return false;  // tickets and new keys are far less
        BIO_write(SSL_get_rbio(state_.get()), buffer_.data(), static_cast<int>(size));
    }
    ERR_clear_error();
    char byte = 0;
    const int peeked = SSL_peek(state_.get(), &byte, 1);
    return peeked <= 0 && SSL_get_error(state_.get(), peeked) == SSL_ERROR_WANT_READ;
}

/// Repeats a call of OpenSSL until it is done, sending and receiving what it wants.
Result<int> TlsLink::run(const std::function<int()>& step, SteadyTime deadline) {
    while (true) {
        ERR_clear_error();
        const int done = step();
        const int outcome = SSL_get_error(state_.get(), done);
        if (outcome != SSL_ERROR_NONE && outcome != SSL_ERROR_WANT_READ) {
            auto error = failure();
            const auto told = flush(deadline);  // our alert; the reason is known without it
            static_cast<void>(told);
            return fail(std::move(error));
        }
        BATON_TRY_VOID(flush(deadline));
        if (outcome == SSL_ERROR_NONE) return done;
        BATON_TRY_VOID(receive(deadline));
    }
}

Result<void> TlsLink::flush(SteadyTime deadline) {
    char* bytes = nullptr;
    BIO* const out = SSL_get_wbio(state_.get());
    std::string_view rest;
    if (const long size = BIO_get_mem_data(out, &bytes); size > 0) {
        rest = {bytes, static_cast<std::size_t>(size)};
    }
    while (!rest.empty()) {
        const auto sent = ::send(socket_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            rest.remove_prefix(static_cast<std::size_t>(sent));
        } else if (errno == EAGAIN) {
            BATON_TRY_VOID(wait(socket_, POLLOUT, deadline));
        } else if (errno != EINTR) {
            break;  // it has hung up, and may have said why
        }
    }
    static_cast<void>(BIO_reset(out));
    return {};
}

Result<void> TlsLink::receive(SteadyTime deadline) {
    while (true) {
        BATON_TRY_VOID(wait(socket_, POLLIN, deadline));
        const auto size = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (size > 0) {
            BIO_write(SSL_get_rbio(state_.get()), buffer_.data(), static_cast<int>(size));
            return {};
        }
        if (size == 0) return fail(Errc::unavailable, "the server has hung up");
        if (errno != EINTR && errno != EAGAIN) return fail(Errc::unavailable, text_of(errno));
    }
}

/// What OpenSSL says of the step that failed just now.
Error TlsLink::failure() const {
    const auto code = ERR_peek_error();
    const int reason = ERR_GET_REASON(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        const auto verdict = SSL_get_verify_result(state_.get());
        const bool is_name =
            verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
        return {.code = Errc::permission_denied,
            .detail = fmt::format("the server's certificate does not fit: {}{}",
                X509_verify_cert_error_string(verdict),
                is_name ? fmt::format("; it is not of `{}`", name_) : "")};
    }
    const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL && is_refusal(reason - SSL_AD_REASON_OFFSET)) {
        return {.code = Errc::permission_denied,
            .detail = fmt::format("the server does not take us: {}", text)};
    }
    return {.code = Errc::unavailable, .detail = text == nullptr ? "the server has hung up" : text};
}

}  // namespace baton::cache

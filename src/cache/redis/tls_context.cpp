#include "cache/redis/tls_context.h"

#include <string>
#include <string_view>
#include <system_error>

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace baton::cache {
namespace {

/// Instead of asking on the terminal. `asked`: a bool that hears of it.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* asked) {
    if (asked != nullptr) *static_cast<bool*>(asked) = true;
    return -1;
}

/// The first error that OpenSSL met is the cause of the others.
std::string cause() {
    const auto code = ERR_peek_error();
    if (ERR_SYSTEM_ERROR(code)) return std::generic_category().message(ERR_GET_REASON(code));
    const char* const reason = ERR_reason_error_string(code);
    return reason == nullptr ? "it cannot be used" : reason;
}

std::unexpected<Error> unusable(
    std::string_view what, const std::string& file, std::string_view why) {
    return fail(Errc::invalid_config, fmt::format("redis: {} of `{}`: {}", what, file, why));
}

Result<void> trust(ssl_ctx_st& context, const std::string& ca_file) {
    if (ca_file.empty()) {
        if (SSL_CTX_set_default_verify_paths(&context) == 1) return {};
        return fail(
            Errc::invalid_config, fmt::format("redis: the system's CA certificates: {}", cause()));
    }
    if (SSL_CTX_load_verify_file(&context, ca_file.c_str()) == 1) return {};
    return unusable("the CA certificates", ca_file, cause());
}

Result<void> show(ssl_ctx_st& context, const RedisTls& tls) {
    if (SSL_CTX_use_certificate_chain_file(&context, tls.cert_file.c_str()) != 1) {
        return unusable("the certificate", tls.cert_file, cause());
    }
    bool was_asked = false;
    SSL_CTX_set_default_passwd_cb_userdata(&context, &was_asked);
    const bool is_used =
        SSL_CTX_use_PrivateKey_file(&context, tls.key_file.c_str(), SSL_FILETYPE_PEM) == 1;
    SSL_CTX_set_default_passwd_cb_userdata(&context, nullptr);
    if (is_used) return {};
    return unusable("the key", tls.key_file, was_asked ? "it has a passphrase" : cause());
}

}  // namespace

void TlsContextCloser::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

Result<TlsContext> make_tls_context(const RedisTls& tls) {
    ERR_clear_error();
    TlsContext context(SSL_CTX_new(TLS_client_method()));
    if (!context) return fail(Errc::invalid_config, "redis: no TLS: " + cause());
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    SSL_CTX_set_default_passwd_cb(context.get(), refuse_passphrase);
    BATON_TRY_VOID(trust(*context, tls.ca_file));
    if (!tls.cert_file.empty()) {
        BATON_TRY_VOID(show(*context, tls));
    }
    return context;
}

}  // namespace baton::cache

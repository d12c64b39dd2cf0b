// What TLS with a server stands on: the files of both sides. OpenSSL is known in this folder's .cpp
// files only.
#pragma once

#include <memory>

#include "base/result.h"
#include "cache/redis/redis_cache.h"

struct ssl_ctx_st;  // NOLINT(readability-identifier-naming): the library's name

namespace baton::cache {

struct TlsContextCloser {
    void operator()(ssl_ctx_st* context) const noexcept;
};
using TlsContext = std::unique_ptr<ssl_ctx_st, TlsContextCloser>;

/// TLS 1.2 or newer, with a server that an authority of `tls` vouches for. Reads the files, never a
/// terminal. Fails: invalid_config, with the file and what is wrong with it.
[[nodiscard]] Result<TlsContext> make_tls_context(const RedisTls& tls);

}  // namespace baton::cache

// Certificates for servers and clients under test, made in this process.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "support/temp_dir.h"

namespace baton::test {

/// Of one certificate and its key, PEM.
struct CertificateFiles {
    std::filesystem::path cert;
    std::filesystem::path key;
};

struct CertificateWishes {
    std::string names = "DNS:localhost,IP:127.0.0.1";     ///< as OpenSSL writes alternative names
    std::chrono::seconds from = std::chrono::hours(-48);  ///< from now
    std::chrono::seconds until = std::chrono::hours(48);  ///< from now
    std::string passphrase;                               ///< of the key's file; empty: none
    bool is_own_authority = false;  ///< signs itself, as `openssl req -x509` makes them
};

/// An authority of its own and what it vouches for, in a folder that goes with it. Use from one
/// thread. Methods throw std::runtime_error when OpenSSL or the disk does not do as told.
class CertificateAuthority final {
public:
    CertificateAuthority();
    ~CertificateAuthority();
    CertificateAuthority(const CertificateAuthority&) = delete;
    CertificateAuthority& operator=(const CertificateAuthority&) = delete;

    /// Its own certificate.
    [[nodiscard]] std::filesystem::path ca_file() const { return dir_ / "ca.pem"; }
    /// A new certificate in files called after `name`; those that were there are replaced.
    CertificateFiles issue(const std::string& name, const CertificateWishes& wishes = {});

private:
    struct Impl;
    TempDir dir_{fast_place()};
    std::unique_ptr<Impl> impl_;
};

}  // namespace baton::test

#include "support/certificates.h"

#include <cstdio>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

namespace baton::test {
namespace {

template <auto Free>
struct Closer {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using KeyHandle = std::unique_ptr<EVP_PKEY, Closer<EVP_PKEY_free>>;
using CertificateHandle = std::unique_ptr<X509, Closer<X509_free>>;

void expect(bool done, const std::string& what) {
    if (!done) throw std::runtime_error("certificates: " + what);
}

KeyHandle new_key() {
    KeyHandle key(EVP_EC_gen("P-256"));
    expect(key != nullptr, "no key");
    return key;
}

void add(X509& certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, &certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Closer<X509_EXTENSION_free>> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    expect(extension && X509_add_ext(&certificate, extension.get(), -1) == 1, "extension " + value);
}

CertificateHandle blank(EVP_PKEY& key, const std::string& name, const CertificateWishes& wishes) {
    static long serial = 0;
    CertificateHandle made(X509_new());
    expect(made != nullptr, "no certificate");
    X509_set_version(made.get(), X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(made.get()), wishes.from.count());
    X509_gmtime_adj(X509_getm_notAfter(made.get()), wishes.until.count());
    X509_set_pubkey(made.get(), &key);
    const auto* const text = reinterpret_cast<const unsigned char*>(name.c_str());
    expect(X509_NAME_add_entry_by_txt(
               X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8, text, -1, -1, 0) == 1,
        "name " + name);
    return made;
}

void sign(X509& certificate, const X509& issuer, EVP_PKEY& key) {
    X509_set_issuer_name(&certificate, X509_get_subject_name(&issuer));
    expect(X509_sign(&certificate, &key, EVP_sha256()) != 0, "not signed");
}

template <class Write>
void write_file(const std::filesystem::path& path, Write write) {
    const std::unique_ptr<std::FILE, Closer<std::fclose>> file(std::fopen(path.c_str(), "w"));
    expect(file && write(file.get()) == 1, "not written: " + path.string());
}

void write_certificate(const std::filesystem::path& path, X509& certificate) {
    write_file(path, [&](std::FILE* file) { return PEM_write_X509(file, &certificate); });
}

}  // namespace

struct CertificateAuthority::Impl {
    KeyHandle key = new_key();
    CertificateHandle certificate;
};

CertificateAuthority::CertificateAuthority() : impl_(std::make_unique<Impl>()) {
    static int number = 0;
    impl_->certificate =
        blank(*impl_->key, "Authority " + std::to_string(++number), CertificateWishes{});
    auto& own = *impl_->certificate;
    add(own, &own, NID_basic_constraints, "critical,CA:TRUE");
    add(own, &own, NID_key_usage, "critical,keyCertSign,cRLSign");
    sign(own, own, *impl_->key);
    write_certificate(ca_file(), own);
}

CertificateAuthority::~CertificateAuthority() = default;

CertificateFiles CertificateAuthority::issue(
    const std::string& name, const CertificateWishes& wishes) {
    const auto key = new_key();
    const auto certificate = blank(*key, name, wishes);
    add(*certificate, nullptr, NID_subject_alt_name, wishes.names);
    if (wishes.is_own_authority) {
        add(*certificate, nullptr, NID_basic_constraints, "critical,CA:TRUE");
        sign(*certificate, *certificate, *key);
    } else {
        sign(*certificate, *impl_->certificate, *impl_->key);
    }
    CertificateFiles files{.cert = dir_ / (name + ".pem"), .key = dir_ / (name + "-key.pem")};
    write_certificate(files.cert, *certificate);
    write_file(files.key, [&](std::FILE* file) {
        const auto& word = wishes.passphrase;
        return PEM_write_PKCS8PrivateKey(file, key.get(),
            word.empty() ? nullptr : EVP_aes_256_cbc(), word.empty() ? nullptr : word.c_str(),
            static_cast<int>(word.size()), nullptr, nullptr);
    });
    return files;
}

}  // namespace baton::test

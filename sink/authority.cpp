// X.509 by OpenSSL's own functions. Names, ages and serial numbers as public authorities choose
// them.
#include "sink/authority.hpp"

#include <cstdint>
#include <stdexcept>
#include <string_view>

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace tern::sink {

namespace {

constexpr long one_day = 86400;

void must(bool went_well, std::string_view what) {
    if (!went_well)
        throw std::runtime_error("cannot make a certificate: " + std::string(what) + ": " +
                                 openssl_words());
}

OpenSslPointer<EVP_PKEY> make_key(KeyKind kind) {
    OpenSslPointer<EVP_PKEY> key;
    switch (kind) {
        case KeyKind::ecdsa:
            key.reset(EVP_EC_gen("P-256"));
            break;
        case KeyKind::rsa:
            key.reset(EVP_RSA_gen(2048));
            break;
        case KeyKind::ed25519:
            key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
            break;
    }
    must(key != nullptr, "no key");
    return key;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const OpenSslPointer<X509_EXTENSION> made(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    must(made && X509_add_ext(certificate, made.get(), -1) == 1, value);
}

void set_serial(X509* certificate) {
    std::uint64_t random = 0;
    RAND_bytes(reinterpret_cast<unsigned char*>(&random), sizeof random);
    must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), random >> 1U | 1U) == 1,
         "serial number");
}

OpenSslPointer<X509> blank(EVP_PKEY* key, std::string_view common_name, int days) {
    OpenSslPointer<X509> made(X509_new());
    must(made && X509_set_version(made.get(), X509_VERSION_3) == 1, "no memory");
    set_serial(made.get());
    // Expired ones began long before.
    const long begin = days < 0 ? -365 * one_day + days * one_day : -one_day;
    X509_gmtime_adj(X509_getm_notBefore(made.get()), begin);
    X509_gmtime_adj(X509_getm_notAfter(made.get()), days * one_day);
    X509_NAME* name = X509_get_subject_name(made.get());
    const auto* bytes = reinterpret_cast<const unsigned char*>(common_name.data());
    must(X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes,
                                    static_cast<int>(common_name.size()), -1, 0) == 1,
         "common name");
    must(X509_set_pubkey(made.get(), key) == 1, "public key");
    return made;
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* key, KeyKind kind) {
    must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1, "issuer");
    // Ed25519 hashes by itself (RFC 8410).
    const EVP_MD* digest = kind == KeyKind::ed25519 ? nullptr : EVP_sha256();
    must(X509_sign(certificate, key, digest) != 0, "signature");
}

bool is_address(const std::string& name) {
    in6_addr bytes;
    return inet_pton(AF_INET, name.c_str(), &bytes) == 1 ||
           inet_pton(AF_INET6, name.c_str(), &bytes) == 1;
}

}  // namespace

Authority::Authority(KeyKind kind) : kind_(kind) {
    constexpr int days = 3650;
    self_.key = make_key(kind);
    self_.certificate = blank(self_.key.get(), "tern-sink throwaway authority", days);
    X509* certificate = self_.certificate.get();
    add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
    sign(certificate, certificate, self_.key.get(), kind);
}

Identity Authority::issue(std::span<const std::string> names, int days) const {
    must(!names.empty(), "no name given");
    Identity made;
    made.key = make_key(kind_);
    // RFC 5280 A.1 allows 64 characters of common name; the names that count are in the
    // extension.
    constexpr std::size_t longest_common_name = 64;
    made.certificate = blank(made.key.get(), names.front().substr(0, longest_common_name), days);
    X509* certificate = made.certificate.get();
    std::string alternatives;
    for (const std::string& name : names) {
        must(name.find_first_of(",\n ") == std::string::npos, name);
        if (!alternatives.empty()) alternatives += ',';
        alternatives += (is_address(name) ? "IP:" : "DNS:") + name;
    }
    X509* issuer = self_.certificate.get();
    add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature");
    add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid");
    add_extension(certificate, issuer, NID_subject_alt_name, alternatives);
    sign(certificate, issuer, self_.key.get(), kind_);
    return made;
}

std::string Authority::pem() const {
    const OpenSslPointer<BIO> memory(BIO_new(BIO_s_mem()));
    must(memory && PEM_write_bio_X509(memory.get(), self_.certificate.get()) == 1, "PEM");
    char* bytes = nullptr;
    const long count = BIO_get_mem_data(memory.get(), &bytes);
    return std::string(bytes, static_cast<std::size_t>(count));
}

}  // namespace tern::sink

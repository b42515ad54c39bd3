// Keys and certificates of every kind, made on the spot. For tests only.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tls/openssl.hpp"

namespace tern::test {

enum class KeyKind { ed25519, ed448, ecdsa, rsa, rsa_1024, rsa_pss };

namespace detail {

inline tls::KeyPtr rsa_pss_key() {
    EVP_PKEY_CTX* context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr);
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_keygen_init(context) == 1) EVP_PKEY_generate(context, &key);
    EVP_PKEY_CTX_free(context);
    return tls::KeyPtr(key);
}

}  // namespace detail

/// A key of this kind, always the same for one `number`: making an RSA key takes a while.
inline EVP_PKEY* key_of(KeyKind kind, int number = 0) {
    static std::map<std::pair<KeyKind, int>, tls::KeyPtr> keys;
    tls::start_openssl();  // as in the programs, before anything else touches OpenSSL
    tls::KeyPtr& key = keys[{kind, number}];
    if (!key) {
        switch (kind) {
            case KeyKind::ed25519:
                key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
                break;
            case KeyKind::ed448:
                key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED448"));
                break;
            case KeyKind::rsa_pss:
                key = detail::rsa_pss_key();
                break;
            case KeyKind::ecdsa:
                key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
                break;
            case KeyKind::rsa:
                key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t(2048)));
                break;
            case KeyKind::rsa_1024:
                key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t(1024)));
                break;
        }
        if (!key) throw std::runtime_error("no key could be made");
    }
    return key.get();
}

/// What a certificate is to say.
struct CertificateSpec {
    std::vector<std::string> common_names;  ///< UTF-8, as they are, NULs and all
    std::vector<std::string> dns_names;     ///< as they are, NULs and all
    std::string email;                      ///< an rfc822Name in subjectAltName
    KeyKind key = KeyKind::ed25519;
    int key_number = 0;
    int valid_from_days = -1;
    int valid_until_days = 30;
    bool authority = false;
    bool sha1 = false;
    bool broken_alternative_name = false;
    std::string permitted_names;  ///< name constraints: DNS names under this one; empty: none
};

/// A certificate and its key.
struct Identity {
    tls::CertificatePtr certificate;
    EVP_PKEY* key = nullptr;
};

namespace detail {

inline void expect(bool went_well) {
    if (!went_well)
        throw std::runtime_error("OpenSSL cannot make it: " + tls::take_openssl_reason());
}

inline ASN1_STRING* asn1_text(int type, const std::string& bytes) {
    ASN1_STRING* made = ASN1_STRING_type_new(type);
    expect(ASN1_STRING_set(made, bytes.data(), static_cast<int>(bytes.size())) == 1);
    return made;
}

inline void add_alternative_names(X509* certificate, const CertificateSpec& spec) {
    if (spec.broken_alternative_name) {
        ASN1_OCTET_STRING* garbage = asn1_text(V_ASN1_OCTET_STRING, "\x30\x7fgarbage");
        X509_EXTENSION* extension =
            X509_EXTENSION_create_by_NID(nullptr, NID_subject_alt_name, 0, garbage);
        expect(X509_add_ext(certificate, extension, -1) == 1);
        X509_EXTENSION_free(extension);
        ASN1_STRING_free(garbage);
        return;
    }
    GENERAL_NAMES* names = GENERAL_NAMES_new();
    const auto add = [names](int type, const std::string& bytes) {
        GENERAL_NAME* name = GENERAL_NAME_new();
        GENERAL_NAME_set0_value(name, type, asn1_text(V_ASN1_IA5STRING, bytes));
        expect(sk_GENERAL_NAME_push(names, name) > 0);
    };
    for (const std::string& name : spec.dns_names) add(GEN_DNS, name);
    if (!spec.email.empty()) add(GEN_EMAIL, spec.email);
    if (sk_GENERAL_NAME_num(names) > 0)
        expect(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1);
    GENERAL_NAMES_free(names);
}

inline void add_constraints(X509* certificate, const CertificateSpec& spec) {
    if (spec.authority) {
        BASIC_CONSTRAINTS* constraints = BASIC_CONSTRAINTS_new();
        constraints->ca = 1;
        expect(X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints, 1, 0) == 1);
        BASIC_CONSTRAINTS_free(constraints);
    }
    if (spec.permitted_names.empty()) return;
    GENERAL_SUBTREE* permitted = GENERAL_SUBTREE_new();
    GENERAL_NAME_set0_value(permitted->base, GEN_DNS,
                            asn1_text(V_ASN1_IA5STRING, spec.permitted_names));
    NAME_CONSTRAINTS* constraints = NAME_CONSTRAINTS_new();
    constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    expect(sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, permitted) > 0 &&
           X509_add1_ext_i2d(certificate, NID_name_constraints, constraints, 1, 0) == 1);
    NAME_CONSTRAINTS_free(constraints);
}

inline void add_common_names(X509* certificate, const CertificateSpec& spec) {
    for (const std::string& name : spec.common_names)
        expect(X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                          V_ASN1_UTF8STRING,
                                          reinterpret_cast<const unsigned char*>(name.data()),
                                          static_cast<int>(name.size()), -1, 0) == 1);
}

}  // namespace detail

/// Makes a certificate, signed by `issuer` or, without one, by its own key.
inline Identity make_identity(const CertificateSpec& spec, const Identity* issuer = nullptr) {
    static long serial = 1;
    Identity made;
    made.key = key_of(spec.key, spec.key_number);
    made.certificate.reset(X509_new());
    X509* const x509 = made.certificate.get();
    detail::expect(x509 != nullptr && X509_set_version(x509, 2) == 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x509), serial++);
    X509_time_adj_ex(X509_getm_notBefore(x509), spec.valid_from_days, 0, nullptr);
    X509_time_adj_ex(X509_getm_notAfter(x509), spec.valid_until_days, 0, nullptr);
    detail::add_common_names(x509, spec);
    detail::expect(X509_set_pubkey(x509, made.key) == 1);
    const X509* const above = issuer != nullptr ? issuer->certificate.get() : x509;
    detail::expect(X509_set_issuer_name(x509, X509_get_subject_name(above)) == 1);
    detail::add_alternative_names(x509, spec);
    detail::add_constraints(x509, spec);
    EVP_PKEY* const signer = issuer != nullptr ? issuer->key : made.key;
    const bool own_digest =
        EVP_PKEY_is_a(signer, "ED25519") == 1 || EVP_PKEY_is_a(signer, "ED448") == 1;
    const EVP_MD* const digest = spec.sha1 ? EVP_sha1() : EVP_sha256();
    detail::expect(X509_sign(x509, signer, own_digest ? nullptr : digest) > 0);
    return made;
}

/// The certificate of an authority; `number` chooses its key.
inline Identity make_authority(const std::string& name, int number,
                               const Identity* issuer = nullptr) {
    CertificateSpec spec;
    spec.common_names = {name};
    spec.authority = true;
    spec.key_number = number;
    return make_identity(spec, issuer);
}

namespace detail {

inline std::string contents(BIO* memory) {
    char* bytes = nullptr;
    const long length = BIO_get_mem_data(memory, &bytes);
    return {bytes, static_cast<std::size_t>(length)};
}

}  // namespace detail

inline std::string certificate_pem(const Identity& identity) {
    const tls::BioPtr memory(BIO_new(BIO_s_mem()));
    detail::expect(PEM_write_bio_X509(memory.get(), identity.certificate.get()) == 1);
    return detail::contents(memory.get());
}

/// The private key in PKCS #8.
inline std::string key_pem(const Identity& identity) {
    const tls::BioPtr memory(BIO_new(BIO_s_mem()));
    detail::expect(PEM_write_bio_PKCS8PrivateKey(memory.get(), identity.key, nullptr, nullptr, 0,
                                                 nullptr, nullptr) == 1);
    return detail::contents(memory.get());
}

}  // namespace tern::test

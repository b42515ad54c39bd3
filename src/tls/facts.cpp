// Sessions and certificates in words; see facts.hpp.
#include "tls/facts.hpp"

#include <ctime>
#include <memory>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/text.hpp"
#include "tls/openssl.hpp"
#include "tls/trust.hpp"

namespace tern::tls {
namespace {

std::optional<std::chrono::seconds> seconds_of(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
    return std::chrono::seconds(::timegm(&parts));
}

std::string key_text(const X509* certificate) {
    const EVP_PKEY* key = X509_get0_pubkey(certificate);
    const char* const type = key == nullptr ? nullptr : EVP_PKEY_get0_type_name(key);
    if (type == nullptr) return "unknown type";
    char group[64] = "";
    std::size_t length = 0;
    ERR_clear_error();
    const bool has_group = EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1;
    ERR_clear_error();
    const std::string_view name(type);
    if (has_group && name == "EC") return concat(name, " ", group);
    if (name.starts_with("ED")) return std::string(name);
    return concat(name, " ", EVP_PKEY_get_bits(key), " bits");
}

std::string fingerprint(const X509* certificate) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1) return "?";
    constexpr std::string_view digits = "0123456789abcdef";
    std::string shown;
    for (unsigned i = 0; i < length; ++i) {
        shown += digits[digest[i] >> 4];
        shown += digits[digest[i] & 15];
    }
    return shown;
}

}  // namespace

CertificateFacts facts_of(const X509* certificate) {
    CertificateFacts facts;
    facts.identity = identity_of(certificate);
    facts.valid_from = seconds_of(X509_get0_notBefore(certificate));
    facts.valid_until = seconds_of(X509_get0_notAfter(certificate));
    facts.key = key_text(certificate);
    const char* const signature = OBJ_nid2ln(X509_get_signature_nid(certificate));
    facts.signature = signature == nullptr ? "unknown" : signature;
    facts.sha256 = fingerprint(certificate);
    facts.hash = hash_of(X509_get_subject_name(certificate));
    return facts;
}

std::vector<CertificateFacts> facts_of(const STACK_OF(X509) * chain) {
    std::vector<CertificateFacts> facts;
    for (int i = 0; chain != nullptr && i < sk_X509_num(chain); ++i) {
        if (facts.size() == most_certificates) break;
        facts.push_back(facts_of(sk_X509_value(chain, i)));
    }
    return facts;
}

Facts facts_of(SSL* session) {
    Facts facts;
    facts.version = SSL_get_version(session);
    facts.cipher = SSL_CIPHER_get_name(SSL_get_current_cipher(session));
    const long group = SSL_ctrl(session, SSL_CTRL_GET_NEGOTIATED_GROUP, 0, nullptr);
    const char* const name =
        group == 0 ? nullptr : SSL_group_to_name(session, static_cast<int>(group));
    if (name != nullptr) facts.group = name;
    facts.chain = facts_of(SSL_get_peer_cert_chain(session));
    return facts;
}

std::vector<CertificateFacts> facts_of_pem(std::string_view pem) {
    start_openssl();
    std::vector<CertificateFacts> facts;
    const BioPtr source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    while (source) {
        const CertificatePtr certificate(
            PEM_read_bio_X509_AUX(source.get(), nullptr, nullptr, nullptr));
        if (!certificate) break;
        facts.push_back(facts_of(certificate.get()));
    }
    ERR_clear_error();
    return facts;
}

}  // namespace tern::tls

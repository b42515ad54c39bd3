// TLS servers, keys and certificates made by an OpenSSL of their own that has all its algorithms,
// whatever the one that serves tern hides. For tests only.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tls/openssl.hpp"

namespace tern::test {

class FullOpenSsl {
public:
    /// A server's certificate for mx.example.com and the authority that signed it.
    struct Chain {
        std::shared_ptr<X509> server;
        EVP_PKEY* key = nullptr;
        std::string authority_pem;
    };
    /// How something is signed.
    struct Signer {
        std::string key;     ///< as key() takes it
        std::string digest;  ///< empty: the key has a digest of its own
        bool pss = false;    ///< RSA: with PSS
    };

    FullOpenSsl() : library_(OSSL_LIB_CTX_new()) {}
    FullOpenSsl(const FullOpenSsl&) = delete;
    FullOpenSsl& operator=(const FullOpenSsl&) = delete;
    ~FullOpenSsl() {
        keys_.clear();
        OSSL_LIB_CTX_free(library_);
    }

    [[nodiscard]] OSSL_LIB_CTX* library() { return library_; }

    /// The key of this kind: "RSA", "RSA-PSS", "DSA" (2048 bits each), a curve ("P-256",
    /// "brainpoolP256r1"), or a kind without a choice ("ED448", "ML-DSA-65").
    [[nodiscard]] EVP_PKEY* key(const std::string& kind) {
        tls::KeyPtr& made = keys_[kind];
        if (!made) made = generate(kind);
        return made.get();
    }

    /// A certificate with the key `server_key`, signed in that way.
    [[nodiscard]] Chain chain(const std::string& server_key, const Signer& signer) {
        const auto authority =
            certificate("tern test authority", signer.key, true, nullptr, signer);
        Chain made;
        made.key = key(server_key);
        made.server = certificate("mx.example.com", server_key, false, authority.get(), signer);
        const tls::BioPtr memory(BIO_new(BIO_s_mem()));
        expect(PEM_write_bio_X509(memory.get(), authority.get()) == 1);
        char* bytes = nullptr;
        const long length = BIO_get_mem_data(memory.get(), &bytes);
        made.authority_pem.assign(bytes, static_cast<std::size_t>(length));
        return made;
    }

    /// A server that takes all it knows, but of this version alone.
    [[nodiscard]] tls::ContextPtr server(const Chain& chain, int version) {
        tls::ContextPtr context = bare_server();
        expect(SSL_CTX_set_min_proto_version(context.get(), version) == 1 &&
               SSL_CTX_set_max_proto_version(context.get(), version) == 1 &&
               SSL_CTX_use_certificate(context.get(), chain.server.get()) == 1 &&
               SSL_CTX_use_PrivateKey(context.get(), chain.key) == 1);
        SSL_CTX_set_dh_auto(context.get(), 1);
        return context;
    }
    [[nodiscard]] tls::ContextPtr bare_server() {
        tls::ContextPtr context(SSL_CTX_new_ex(library_, nullptr, TLS_server_method()));
        expect(context != nullptr);
        SSL_CTX_set_security_level(context.get(), 0);
        SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
        return context;
    }

private:
    using KeyContext = std::unique_ptr<EVP_PKEY_CTX, tls::Releaser<EVP_PKEY_CTX_free>>;

    static void expect(bool went_well) {
        if (!went_well)
            throw std::runtime_error("OpenSSL cannot make it: " + tls::take_openssl_reason());
    }

    tls::KeyPtr generate(const std::string& kind) {
        if (kind == "DSA") return generate_dsa();
        const bool curve = kind.starts_with("P-") || kind.starts_with("brainpool");
        const KeyContext context(
            EVP_PKEY_CTX_new_from_name(library_, curve ? "EC" : kind.c_str(), nullptr));
        expect(context && EVP_PKEY_keygen_init(context.get()) == 1);
        expect(!curve || EVP_PKEY_CTX_set_group_name(context.get(), kind.c_str()) == 1);
        EVP_PKEY* made = nullptr;
        expect(EVP_PKEY_generate(context.get(), &made) == 1);
        return tls::KeyPtr(made);
    }
    tls::KeyPtr generate_dsa() {
        const KeyContext numbers(EVP_PKEY_CTX_new_from_name(library_, "DSA", nullptr));
        EVP_PKEY* parameters = nullptr;
        expect(numbers && EVP_PKEY_paramgen_init(numbers.get()) == 1 &&
               EVP_PKEY_CTX_set_dsa_paramgen_bits(numbers.get(), 2048) == 1 &&
               EVP_PKEY_paramgen(numbers.get(), &parameters) == 1);
        const tls::KeyPtr owned(parameters);
        const KeyContext context(EVP_PKEY_CTX_new_from_pkey(library_, parameters, nullptr));
        EVP_PKEY* made = nullptr;
        expect(context && EVP_PKEY_keygen_init(context.get()) == 1 &&
               EVP_PKEY_generate(context.get(), &made) == 1);
        return tls::KeyPtr(made);
    }

    std::shared_ptr<X509> certificate(const std::string& name, const std::string& kind,
                                      bool authority, X509* issuer, const Signer& signer) {
        const std::shared_ptr<X509> made(X509_new_ex(library_, nullptr), X509_free);
        X509* const x509 = made.get();
        expect(x509 != nullptr && X509_set_version(x509, 2) == 1);
        ASN1_INTEGER_set(X509_get_serialNumber(x509), ++serial_);
        X509_time_adj_ex(X509_getm_notBefore(x509), -1, 0, nullptr);
        X509_time_adj_ex(X509_getm_notAfter(x509), 30, 0, nullptr);
        expect(X509_NAME_add_entry_by_NID(X509_get_subject_name(x509), NID_commonName,
                                          V_ASN1_UTF8STRING,
                                          reinterpret_cast<const unsigned char*>(name.data()),
                                          static_cast<int>(name.size()), -1, 0) == 1);
        expect(X509_set_issuer_name(x509, X509_get_subject_name(issuer ? issuer : x509)) == 1);
        expect(X509_set_pubkey(x509, key(kind)) == 1);
        if (authority) {
            const std::unique_ptr<BASIC_CONSTRAINTS, tls::Releaser<BASIC_CONSTRAINTS_free>> says(
                BASIC_CONSTRAINTS_new());
            says->ca = 1;
            expect(X509_add1_ext_i2d(x509, NID_basic_constraints, says.get(), 1, 0) == 1);
        }
        sign(x509, signer);
        return made;
    }
    void sign(X509* certificate, const Signer& signer) {
        const std::unique_ptr<EVP_MD_CTX, tls::Releaser<EVP_MD_CTX_free>> digest(EVP_MD_CTX_new());
        EVP_PKEY_CTX* context = nullptr;
        expect(EVP_DigestSignInit_ex(digest.get(), &context,
                                     signer.digest.empty() ? nullptr : signer.digest.c_str(),
                                     library_, nullptr, key(signer.key), nullptr) == 1);
        if (signer.pss)
            expect(EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
                   EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
        expect(X509_sign_ctx(certificate, digest.get()) > 0);
    }

    OSSL_LIB_CTX* library_;
    std::map<std::string, tls::KeyPtr> keys_;
    long serial_ = 0;
};

}  // namespace tern::test

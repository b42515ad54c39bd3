// OpenSSL's objects as owners, its start, and its errors in words. For files of this layer only.
#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

namespace tern::tls {

template <auto release>
struct Releaser {
    template <class T>
    void operator()(T* object) const {
        release(object);
    }
};

using BioPtr = std::unique_ptr<BIO, Releaser<BIO_free>>;
using CertificatePtr = std::unique_ptr<X509, Releaser<X509_free>>;
inline void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }
using ChainPtr = std::unique_ptr<STACK_OF(X509), Releaser<free_chain>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Releaser<EVP_PKEY_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Releaser<SSL_CTX_free>>;
using SslPtr = std::unique_ptr<SSL, Releaser<SSL_free>>;

/// Starts OpenSSL without its configuration file, error texts and tables: half the cost of the
/// first handshake. Must come before any other use of it in the process; may be called again.
void start_openssl();

/// Adds the digests and signature algorithms by which signatures of certificates are looked up.
/// Without them no chain can be verified after `start_openssl`.
void add_certificate_digests();

/// The reason of the first error in OpenSSL's queue, in words ("wrong version number"); "no reason
/// given" when it left none. Clears the queue.
[[nodiscard]] std::string take_openssl_reason();

}  // namespace tern::tls

// SSL_CTX for a requirement: versions, ciphers, trust, the client's certificate. It must not know
// connections.
#pragma once

#include <string>

#include "base/failure.hpp"
#include "tls/openssl.hpp"
#include "tls/requirement.hpp"
#include "tls/tls_stream.hpp"
#include "tls/trust.hpp"

namespace tern::tls {

/// A context and what came up while it was made.
struct Context {
    ContextPtr ssl;
    /// For `verified`: which of the two verify_... of this layer must judge.
    TrustForm trust_form = TrustForm::file;
    /// Why the client certificate is not used though its file is there; else empty.
    std::string certificate_trouble;
};

/// Makes the context for `requirement`. `verify` judges the server's certificate where the
/// requirement is `verified`, in OpenSSL's manner: 1 or 0; elsewhere no certificate is looked at.
/// Fails as TlsStream::make.
[[nodiscard]] Result<Context> make_context(const Requirement& requirement,
                                           const ClientSettings& settings,
                                           int (*verify)(X509_STORE_CTX*, void*));

/// control/tlsclientciphers, parted: TLS 1.3 suites have a list of their own in OpenSSL.
struct CipherLists {
    std::string tls13;  ///< empty: no TLS 1.3 suite is named, its default stays
    std::string older;  ///< for TLS 1.2; empty: nothing is named, its default stays
};
[[nodiscard]] CipherLists part_ciphers(std::string_view ciphers);

}  // namespace tern::tls

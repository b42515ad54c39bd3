// What a TLS session agreed on and whom the server's certificates name, for people who ask. It
// judges nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tls/verify.hpp"

namespace tern::tls {

/// One certificate. Names are the peer's bytes as they came (PeerIdentity).
struct CertificateFacts {
    PeerIdentity identity;
    /// Seconds since 1970; nothing where the field cannot be understood.
    std::optional<std::chrono::seconds> valid_from;
    std::optional<std::chrono::seconds> valid_until;
    std::string key;        ///< "RSA 2048 bits", "EC prime256v1", "ED25519"
    std::string signature;  ///< "ecdsa-with-SHA256"
    std::string sha256;     ///< fingerprint: 64 hexadecimal digits
    std::string hash;       ///< of its subject, by which it is found in a directory (tls/trust)
};

/// What there is to tell of one session.
struct Facts {
    std::string version;  ///< "TLSv1.3"; empty: the handshake did not end well
    std::string cipher;
    std::string group;  ///< of the key exchange, "x25519"; empty: there was none
    bool verified = false;
    /// As the server sent it, its own certificate first; those beyond `most_certificates` are left
    /// out.
    std::vector<CertificateFacts> chain;
};

constexpr std::size_t most_certificates = 10;

[[nodiscard]] CertificateFacts facts_of(const X509* certificate);

/// The facts of a session whose handshake is complete, but for `verified`.
[[nodiscard]] Facts facts_of(SSL* session);

/// The facts of a chain; nullptr: none came.
[[nodiscard]] std::vector<CertificateFacts> facts_of(const STACK_OF(X509) * chain);

/// Every certificate in a PEM text, up to the first that cannot be read.
[[nodiscard]] std::vector<CertificateFacts> facts_of_pem(std::string_view pem);

}  // namespace tern::tls

// A certification authority for one run, and the certificates it signs. For demonstrations and
// tests: its key is never written anywhere.
#pragma once

#include <span>
#include <string>

#include "sink/openssl_pointers.hpp"

namespace tern::sink {

enum class KeyKind { ecdsa, rsa, ed25519 };

/// A certificate and its key.
struct Identity {
    OpenSslPointer<X509> certificate;
    OpenSslPointer<EVP_PKEY> key;
};

class Authority {
public:
    /// Makes the authority's key and certificate. Throws std::runtime_error where OpenSSL cannot.
    explicit Authority(KeyKind kind);

    /// Gives a server's certificate for these names: DNS names, also with `*.`, or addresses. It is
    /// valid from a day ago until `days` from now; negative: it has expired.
    Identity issue(std::span<const std::string> names, int days) const;

    /// Gives the authority's own certificate as PEM.
    std::string pem() const;

private:
    KeyKind kind_;
    Identity self_;
};

}  // namespace tern::sink

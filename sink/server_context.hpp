// The server's side of TLS: one SSL_CTX for all connections, and what a handshake agreed.
#pragma once

#include <string>

#include "sink/authority.hpp"
#include "sink/openssl_pointers.hpp"
#include "sink/tls_facts.hpp"

namespace tern::sink {

struct TlsSettings {
    std::string certificate_file;  ///< PEM, chain included; empty: `identity` instead
    std::string key_file;          ///< empty: the same file
    std::string ciphers;           ///< for TLS 1.2 and below; empty: OpenSSL's own
    std::string suites;            ///< for TLS 1.3; empty: OpenSSL's own
    int oldest = TLS1_2_VERSION;
    int newest = TLS1_3_VERSION;
    unsigned tickets = 2;  ///< session tickets of TLS 1.3; 0: no resumption at all
    bool asks_certificate = false;
};

/// Gives a context. Throws std::runtime_error naming what OpenSSL refuses. `identity` is used where
/// no certificate file is named.
OpenSslPointer<SSL_CTX> make_server_context(const TlsSettings& settings, const Identity& identity);

/// Gives a session of the context on a connected socket, ready for SSL_accept.
OpenSslPointer<SSL> make_server_session(SSL_CTX* context, int descriptor);

/// Gives what the finished handshake agreed.
TlsFacts facts_of(SSL* session);

}  // namespace tern::sink

// TlsStream against TlsPeer, and the files it reads, in few words. For tests only.
#pragma once

#include <memory>
#include <string>

#include "support/directory.hpp"
#include "support/tls_peer.hpp"
#include "tls/tls_stream.hpp"

namespace tern::test {

constexpr Deadline no_hurry = Deadline::max();

/// What TLS must achieve when `trust_file` demands `name`.
inline tls::Requirement demanding(const std::string& name, const std::string& trust_file) {
    return tls::Requirement::verified(trust_file, name);
}

/// A server and a client that met.
struct Encounter {
    explicit Encounter(SSL_CTX* server, const tls::Requirement& requirement = {},
                       const tls::ClientSettings& settings = {},
                       const std::string& name = "mx.example.com")
        : peer(server), made(tls::TlsStream::make(peer, requirement, settings, name)) {}

    tls::TlsStream& client() { return **made; }
    Result<tls::Established> handshake() { return client().handshake(no_hurry).run(); }
    /// Up to `most` bytes of the server, or the failure.
    Result<std::string> hears(std::size_t most = 64UL * 1024) {
        std::string block(most, '\0');
        Result<std::size_t> got = client().read_some(block, no_hurry).run();
        if (!got) return tl::unexpected(got.error());
        block.resize(*got);
        return block;
    }
    Result<Done> says(std::string_view bytes) { return client().write(bytes, no_hurry).run(); }

    TlsPeer peer;
    Result<std::unique_ptr<tls::TlsStream>> made;
};

}  // namespace tern::test

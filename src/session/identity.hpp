// What makes two sessions interchangeable: whatever one of them could be used for, so could the
// other. A key for open sessions.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/ip.hpp"
#include "sasl/credentials.hpp"
#include "tls/requirement.hpp"
#include "tls/tls_stream.hpp"

namespace tern::session {

/// With whom a session is, as whom, and what TLS must achieve in it. It owns all that it is made
/// of.
struct Identity {
    /// Where we are connected to: an address of this host needs no TLS for credentials.
    Endpoint endpoint;
    /// The server's DNS name for SNI; empty when it has none.
    std::string server_name;
    tls::Requirement requirement;
    /// Our certificate's files and the ciphers that we offer.
    tls::ClientSettings tls_settings;
    /// The address we call from; nothing: the system's choice.
    std::optional<IpAddress> source;
    /// The login used there; none: AUTH is not sent. Shared, for there is one copy of a secret.
    std::shared_ptr<const sasl::Credentials> credentials;
    std::string hello_name;

    /// Of credentials the values count, not where they stand.
    friend bool operator==(const Identity& one, const Identity& other);
};

/// Of credentials the user alone counts: nothing that is derived from a secret leaves it.
[[nodiscard]] std::size_t hash_of(const Identity& identity);

}  // namespace tern::session

template <>
struct std::hash<tern::session::Identity> {
    std::size_t operator()(const tern::session::Identity& identity) const {
        return tern::session::hash_of(identity);
    }
};

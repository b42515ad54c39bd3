// What was agreed in a TLS handshake, as a value.
#pragma once

#include <string>
#include <vector>

namespace tern::sink {

struct TlsFacts {
    std::string version;
    std::string cipher;
    std::string group;              ///< of the key exchange
    std::string server_name;        ///< SNI, RFC 6066 3; empty without one
    std::vector<std::string> alpn;  ///< what the client offered, RFC 7301 3.1
    bool resumed = false;
    /// tls-exporter (RFC 9266 2) or tls-unique (RFC 5929 3); empty: none
    std::string binding_type;
    std::string binding_data;
    std::string client_certificate;  ///< its subject, empty without one
};

}  // namespace tern::sink

// The channel binding of an OpenSSL session. For files of this layer only.
#pragma once

#include <optional>

#include <openssl/ssl.h>

#include "base/channel_binding.hpp"

namespace tern::tls {

/// tls-exporter under TLS 1.3 (RFC 9266 2). Under TLS 1.2 tls-unique (RFC 5929 3), which is what
/// servers of that age compare, and only with the extended master secret: without it two sessions
/// can be made to share theirs (RFC 7627 1). Nothing before the handshake is complete. Not
/// tls-server-end-point: it binds to a certificate, not to the session, and mail servers do not
/// compare it.
[[nodiscard]] std::optional<ChannelBinding> channel_binding(SSL* ssl);

}  // namespace tern::tls

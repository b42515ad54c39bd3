// Addresses with ports, as they are written and as the kernel wants them. No names are resolved.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include "sink/descriptor.hpp"

namespace tern::sink {

struct Endpoint {
    sockaddr_storage bytes{};
    socklen_t length = 0;
};

/// Gives the endpoint that `address:port`, `[address]:port` or a port alone (127.0.0.1) means.
std::optional<Endpoint> parse_endpoint(std::string_view text);

/// Gives it as text: `192.0.2.1:25` or `[2001:db8::1]:25`.
std::string to_text(const Endpoint& endpoint);

/// Gives the socket's own end, and the other one.
Endpoint local_end(int socket);
Endpoint far_end(int socket);

/// Gives a non-blocking socket bound there: listening for streams, ready for datagrams. Throws
/// std::runtime_error naming the endpoint.
Descriptor listen_on(const Endpoint& endpoint);
Descriptor receive_on(const Endpoint& endpoint);

}  // namespace tern::sink

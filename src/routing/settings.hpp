// Everything the control files say, as values. Reading them is control's work.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "routing/source.hpp"
#include "routing/route.hpp"
#include "smtp/body.hpp"
#include "tls/tls_stream.hpp"

namespace tern::routing {

/// Where no file says otherwise (control/catalogue): how long a delivery waits.
inline constexpr std::chrono::seconds default_timeout_connect(60);
inline constexpr std::chrono::seconds default_timeout_remote(1200);
inline constexpr std::chrono::seconds default_timeout_dns(30);
/// Bytes of the message in one BDAT command.
inline constexpr std::size_t default_chunk_size = smtp::default_chunk;

struct Settings {
    /// control/helohost, else control/me.
    std::string hello_name;
    RouteFiles routes;
    SourceFiles sources;
    std::string ignoreextensions;                ///< as it is; empty without the file
    std::optional<std::string> authmechanisms;   ///< as it is; nothing without the file
    Duration timeout_connect = default_timeout_connect;
    Duration timeout_remote = default_timeout_remote;
    Duration timeout_dns = default_timeout_dns;  ///< of one look-up, all servers together
    /// Bytes of the message in one BDAT command.
    std::size_t chunk_size = default_chunk_size;
    FamilyChoice families = FamilyChoice::ipv4_first;  ///< control/addresspreference
    tls::ClientSettings tls;
};

}  // namespace tern::routing

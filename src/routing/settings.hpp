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

struct Settings {
    /// control/helohost, else control/me.
    std::string hello_name;
    RouteFiles routes;
    SourceFiles sources;
    std::string ignoreextensions;                ///< as it is; empty without the file
    std::optional<std::string> authmechanisms;   ///< as it is; nothing without the file
    Duration timeout_connect = std::chrono::seconds(60);
    Duration timeout_remote = std::chrono::seconds(1200);
    Duration timeout_dns = std::chrono::seconds(30);  ///< of one look-up, all servers together
    /// Bytes of the message in one BDAT command.
    std::size_t chunk_size = smtp::default_chunk;
    FamilyChoice families = FamilyChoice::ipv4_first;  ///< control/addresspreference
    tls::ClientSettings tls;
};

}  // namespace tern::routing

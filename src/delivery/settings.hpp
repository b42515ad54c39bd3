// Everything the control files say, as values. Reading them is control's work.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.hpp"
#include "delivery/sources.hpp"
#include "delivery/way.hpp"
#include "session/transaction.hpp"
#include "tls/tls_stream.hpp"

namespace tern::delivery {

/// control/addresspreference: which of an exchanger's addresses are used, and which go first.
enum class FamilyChoice { ipv4_first, ipv6_first, ipv4_only, ipv6_only };

struct Settings {
    /// control/helohost, else control/me.
    std::string hello_name;
    RouteFiles routes;
    SourceFiles sources;
    Duration timeout_connect = std::chrono::seconds(60);
    Duration timeout_remote = std::chrono::seconds(1200);
    Duration timeout_dns = std::chrono::seconds(30);  ///< of one look-up, all servers together
    /// Bytes of the message in one BDAT command.
    std::size_t chunk_size = session::default_chunk;
    FamilyChoice families = FamilyChoice::ipv4_first;
    tls::ClientSettings tls;
};

}  // namespace tern::delivery

// A file of smtproutes.d: `key=value` lines about one domain or the domains below one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "routing/mistake.hpp"
#include "routing/relay_list.hpp"

namespace tern::routing {

/// What such a file says. One with mistakes that defer decides all the same: its mail is deferred.
struct RouteFile {
    RelayList list;
    std::size_t relay_line = 0;  ///< 0: it names no relay, MX as usual
    std::optional<IpAddress> source_ipv4;
    std::optional<IpAddress> source_ipv6;
    std::size_t source_ipv4_line = 0;
    std::size_t source_ipv6_line = 0;
    std::string certificate_file;
    std::string key_file;
    std::vector<Mistake> mistakes;  ///< by line
};

/// Reads one. Its keys are Qremote's: relay, port, clientcert, clientkey, outgoingip, outgoingip6;
/// an unknown one and one that is set twice are mistakes: a name may be misspelt.
[[nodiscard]] RouteFile parse_route_file(const RouteFiles::OfDomain& file);

}  // namespace tern::routing

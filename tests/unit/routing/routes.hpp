// Routes as text, for tests of the files that choose them.
#pragma once

#include <string>

#include "base/text.hpp"
#include "routing/check.hpp"
#include "routing/route.hpp"

namespace tern::routing {

inline std::string shown(const Relay& relay) {
    const auto* const address = std::get_if<IpAddress>(&relay.host);
    return concat(address != nullptr ? concat('[', address->to_string(), ']')
                                     : std::get<dns::Domain>(relay.host).ascii(),
                  relay.by_mx ? "/mx:" : ":", relay.port);
}

/// `QMTP a:209`, `a:25 b/mx:26 as joe with sesame`, `MX`, or a failure's detail.
inline std::string shown(const Result<Route>& route) {
    if (!route) return route.error().detail;
    if (route->relays.empty()) return "MX";
    std::string all = route->protocol == Protocol::qmtp ? "QMTP" : "";
    for (const Relay& relay : route->relays) all += concat(all.empty() ? "" : " ", shown(relay));
    if (!route->credentials) return all;
    const sasl::Credentials& credentials = *route->credentials;
    return concat(all, " as ", credentials.user, " with ",
                  credentials.token_file.empty() ? std::string(credentials.secret.reveal())
                                                 : "the token of " + credentials.token_file);
}

}  // namespace tern::routing

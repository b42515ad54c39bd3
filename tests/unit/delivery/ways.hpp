// Ways out as text, for tests of the files that choose them.
#pragma once

#include <string>

#include "base/text.hpp"
#include "delivery/way.hpp"

namespace tern::delivery {

inline std::string shown(const Relay& relay) {
    const auto* const address = std::get_if<IpAddress>(&relay.host);
    return text(address != nullptr ? text('[', address->to_string(), ']')
                                   : std::get<dns::Domain>(relay.host).ascii(),
                relay.by_mx ? "/mx:" : ":", relay.port);
}

/// `QMTP a:209`, `a:25 b/mx:26 as joe with sesame`, `MX`, or a failure's detail.
inline std::string shown(const Result<Way>& way) {
    if (!way) return way.error().detail;
    if (way->relays.empty()) return "MX";
    std::string all = way->protocol == Protocol::qmtp ? "QMTP" : "";
    for (const Relay& relay : way->relays) all += text(all.empty() ? "" : " ", shown(relay));
    if (!way->credentials) return all;
    const sasl::Credentials& credentials = *way->credentials;
    return text(all, " as ", credentials.user, " with ",
                credentials.token_file.empty() ? std::string(credentials.secret.reveal())
                                               : "the token of " + credentials.token_file);
}

}  // namespace tern::delivery

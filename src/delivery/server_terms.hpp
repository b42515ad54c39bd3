// What holds between us and one server before it is called: what TLS must achieve, and who we say
// we are. Asked by deliveries and by those who explain them.
#pragma once

#include <string>
#include <string_view>

#include "delivery/exchangers.hpp"
#include "routing/settings.hpp"
#include "routing/source.hpp"
#include "routing/route.hpp"
#include "environment/environment.hpp"

namespace tern::delivery {

/// What the server's name demands of TLS; where `way` has credentials for it TLS is demanded at
/// least, but for a relay given as a loopback address or as localhost. Port 465 makes it implicit
/// (RFC 8314 3.3). QMTP goes without TLS. Fails with Cause::control_file when the rules cannot be
/// read, when they rule TLS out where credentials would be sent, or demand it where QMTP is spoken.
[[nodiscard]] Result<tls::Requirement> requirement_for(ServerFiles& rules,
                                                       const routing::Route& route,
                                                       const Exchanger& exchanger);

/// The name for EHLO in a connection from `local`: that of domainips (`source`), then of
/// helohostbyip, then of helohost and me. Fails with Cause::control_file.
[[nodiscard]] Result<std::string> hello_name_for(const routing::Settings& settings,
                                                 const routing::Source& source,
                                                 const IpAddress& local);

}  // namespace tern::delivery

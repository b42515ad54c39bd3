// The resolver of the one-shot host: asks the name servers of resolv.conf and never suspends.
// Transport is cares_channel's affair, reading answers dns/message's.
#pragma once

#include <optional>
#include <string>

#include "base/clock.hpp"
#include "dns/resolver.hpp"
#include "os/resolv_conf.hpp"

namespace tern::os {

/// Asks with c-ares. Nothing is read and c-ares is not touched before the first look-up: literals
/// need no DNS. A look-up takes 30 seconds at most (contract, Routing), follows CNAMEs, asks again
/// over TCP what was truncated, and takes the next server after SERVFAIL, NOTIMP, REFUSED or no
/// answer. Neither search list nor /etc/hosts. Throws std::bad_alloc; all other trouble is
/// dns::Outcome::failed with a sentence.
class CaresResolver : public dns::Resolver {
public:
    /// Asks the servers that the file at `path` names when the first look-up is made. `clock` is
    /// the real one, and must outlive the resolver.
    explicit CaresResolver(const Clock& clock, std::string path = "/etc/resolv.conf");
    /// Asks the servers given.
    CaresResolver(const Clock& clock, ResolvConf conf);

    Task<dns::Answer<dns::Mx>> mx(const dns::Domain& domain, Deadline deadline) override;
    Task<dns::Addresses> addresses(const dns::Domain& host, Deadline deadline) override;

private:
    /// Nothing when ready to ask, else why not.
    std::optional<std::string> read_conf();

    const Clock& clock_;
    std::string path_;
    std::optional<ResolvConf> conf_;
};

}  // namespace tern::os

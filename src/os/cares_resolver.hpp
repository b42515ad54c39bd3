// The resolver of the one-shot host: asks the name servers of resolv.conf and never suspends.
// Transport is cares_carrier's, whom to ask when is dns/look_up's, reading answers dns/message's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "dns/look_up.hpp"
#include "dns/resolver.hpp"
#include "os/cares_carrier.hpp"
#include "os/resolv_conf.hpp"
#include "os/system_random.hpp"

namespace tern::os {

/// Asks with c-ares. Nothing is read and c-ares is not touched before the first look-up: literals
/// need no DNS. A look-up takes 30 seconds at most (contract.md#names), follows CNAMEs, asks again
/// over TCP what was truncated and without EDNS whom that may disturb, and takes the next server
/// after every answer that is unusable. Neither search list nor /etc/hosts. Throws std::bad_alloc;
/// all other trouble is dns::Outcome::failed with a sentence.
class CaresResolver : public dns::Resolver {
public:
    /// Asks the servers that the file at `path` names when the first look-up is made. `clock` is
    /// the real one, and must outlive the resolver.
    explicit CaresResolver(const Clock& clock, std::string path = "/etc/resolv.conf");
    /// Asks the servers given.
    CaresResolver(const Clock& clock, ResolvConf conf);

    Task<dns::Answer<dns::Mx>> mx(const dns::Domain& domain, Deadline deadline) override;
    Task<dns::Addresses> addresses(const dns::Domain& host, Deadline deadline) override;
    Task<dns::Answer<IpAddress>> addresses_of(const dns::Domain& host, Family family,
                                              Deadline deadline) override;

private:
    /// What look-ups need, once there was one.
    struct Asking {
        Asking(ResolvConf conf, const Clock& clock);
        ResolvConf conf;
        dns::ServerList servers;
        CaresCarrier carrier;
        SystemRandom random;
        dns::LookUps look_ups;
    };

    /// Nothing when ready to ask, else why not.
    std::optional<std::string> prepare();

    const Clock& clock_;
    std::string path_;
    std::optional<ResolvConf> conf_;
    std::unique_ptr<Asking> asking_;
};

}  // namespace tern::os

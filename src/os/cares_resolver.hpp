// Asks the name servers of resolv.conf, on any reactor; several look-ups may be under way at once.
// Transport is cares_carrier's, whom to ask when is dns/look_up's, reading answers dns/message's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "dns/resolver.hpp"
#include "environment/reactor.hpp"
#include "os/resolv_conf.hpp"

namespace tern::os {

class CaresCarrier;

/// Asks with c-ares. Nothing is read and c-ares is not touched before the first look-up: literals
/// need no DNS. A look-up takes 30 seconds at most (contract.md#names), follows CNAMEs, asks again
/// over TCP what was truncated and without EDNS whom that may disturb, and takes the next server
/// after every answer that is unusable. Neither search list nor /etc/hosts. Throws std::bad_alloc;
/// all other trouble is dns::Outcome::failed with a sentence.
class CaresResolver : public dns::Resolver {
public:
    /// Asks the servers that the file at `path` names when the first look-up is made. All must
    /// outlive the resolver.
    CaresResolver(Reactor& reactor, const Clock& clock, Random& random,
                  std::string path = "/etc/resolv.conf");
    /// Asks the servers given.
    CaresResolver(Reactor& reactor, const Clock& clock, Random& random, ResolvConf conf);
    ~CaresResolver() override;

    /// Fails with Cause::cancelled when its wait was cancelled; so do the others.
    Task<dns::Answer<dns::Mx>> mx(const dns::Domain& domain, Deadline deadline) override;
    Task<dns::Addresses> addresses(const dns::Domain& host, Deadline deadline) override;
    Task<dns::Answer<IpAddress>> addresses_of(const dns::Domain& host, Family family,
                                              Deadline deadline) override;

private:
    class Asking;
    class Turn;

    /// Nothing when ready to ask, else why not.
    std::optional<std::string> prepare();
    template <class LookUp>
    Task<Done> settle(CaresCarrier& carrier, LookUp& look_up);

    Reactor& reactor_;
    const Clock& clock_;
    Random& random_;
    std::string path_;
    std::optional<ResolvConf> conf_;
    std::unique_ptr<Asking> asking_;  ///< once there was a look-up
};

}  // namespace tern::os

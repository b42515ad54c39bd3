// The servers of a next hop and their addresses, a group of equal preference at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "delivery/next_hop.hpp"
#include "delivery/settings.hpp"
#include "delivery/world.hpp"

namespace tern::delivery {

/// A server that mail may be handed to.
struct Exchanger {
    /// Its own name in the DNS; nothing for an address literal or a relay given as address.
    std::optional<dns::Domain> name;
    std::vector<Endpoint> endpoints;  ///< in the order to try, families alternating
    /// Of its MX record, 0 where the domain itself stands for one; nothing: no MX was asked for.
    std::optional<std::uint16_t> preference = std::nullopt;
    /// The domain whose MX records named it; empty: no MX was asked for.
    std::string next_hop = {};
};

/// Walks the exchangers of one next hop in order of preference. Addresses are looked up only when
/// their group is reached.
class Exchangers {
public:
    /// Exchangers looked up at most: more would wait for name servers without end.
    static constexpr std::size_t most_names = 20;

    /// A look-up takes `timeout_dns` at most. `world` must outlive it.
    Exchangers(World& world, Duration timeout_dns, FamilyChoice families)
        : world_(world), timeout_dns_(timeout_dns), families_(families) {}

    /// Learns who the exchangers are. Fails with no_such_host, null_mx, name_service; with no_relay
    /// where the operator named a relay by its MX records and it has none to go to.
    Task<Done> find(NextHop hop);
    /// The next group that has addresses, in random order among equals (RFC 5321 5.1); empty when
    /// there is none left. Ourselves and what is not preferred to us is left out. Fails with
    /// resources when the local addresses cannot be listed.
    Task<std::vector<Exchanger>> next_group();
    /// When no exchanger had an address to dial: why.
    [[nodiscard]] Failure none_left() const;

private:
    Task<Done> find_exchangers(const dns::Domain& domain);
    Task<std::vector<Exchanger>> fixed_group();
    [[nodiscard]] Failure no_relay(std::string_view why) const;
    Task<std::optional<Exchanger>> look_up(std::string name);
    void shuffle_equals();

    World& world_;
    const Duration timeout_dns_;
    const FamilyChoice families_;
    std::optional<NextHop> hop_;
    bool by_mx_ = false;
    std::string domain_;
    std::vector<dns::Mx> mx_;
    std::size_t next_ = 0;
    bool artificial_ = false;  // the operator named it: even our own address will do
    bool left_out_ = false;    // addresses of a family that is not to be used
    bool reached_ourselves_ = false;
    bool undialable_ = false;
    std::uint16_t port_ = 25;
    std::string look_up_trouble_;
};

}  // namespace tern::delivery

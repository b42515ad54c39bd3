// The servers of a next hop and their addresses, a group of equal preference at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "routing/next_hop.hpp"
#include "routing/settings.hpp"
#include "environment/environment.hpp"

namespace tern::delivery {

/// A server that mail may be handed to.
struct Exchanger {
    /// Its own name in the DNS; nothing for an address literal or a relay given as address.
    std::optional<dns::Domain> name;
    std::vector<Endpoint> endpoints;  ///< in the order to try, families alternating
    /// Of its MX record, 0 where the domain itself is the exchanger; nothing: no MX was asked for.
    std::optional<std::uint16_t> preference = std::nullopt;
    /// The domain whose MX records named it; empty: no MX was asked for.
    std::string next_hop = {};
};

/// Walks the exchangers of one next hop in order of preference. Addresses are looked up only when
/// their group is reached. When one family's answer is late (RFC 8305 3) an exchanger comes with
/// the addresses that are there; the others come in a further group, before the next preference if
/// they are there by then, else after all others, so that they are never lost.
class Exchangers {
public:
    /// Exchangers looked up at most: more would wait for name servers without end.
    static constexpr std::size_t most_names = 100;
    /// All look-ups of addresses together take no longer than this many of the longest.
    static constexpr int most_full_look_ups = 4;

    /// A look-up takes `timeout_dns` at most. `world` must outlive it.
    Exchangers(Environment& environment, Duration timeout_dns, routing::FamilyChoice families)
        : environment_(environment), timeout_dns_(timeout_dns), families_(families) {}

    /// Learns who the exchangers are. Fails with no_such_host, null_mx, name_service; with no_relay
    /// where the operator named a relay by its MX records and it has none to go to.
    Task<Done> find(routing::NextHop hop);
    /// The next group that has addresses, in random order among equals (RFC 5321 5.1); empty when
    /// there is none left. Ourselves and what is not preferred to us is left out. Fails with
    /// resources when the local addresses cannot be listed.
    Task<std::vector<Exchanger>> next_group();
    /// A server of that name was connected to: what other addresses it may have is not asked again.
    void note_reached(const dns::Domain& name);
    /// When no exchanger had a usable address: why, with the name of each and what is wrong with
    /// it. name_service if one was not looked up, or that failed: it may have addresses.
    [[nodiscard]] Failure none_left() const;

    /// Whether an exchanger may take mail and could not be asked: its addresses were not looked up,
    /// or could not be at this time.
    [[nodiscard]] bool anyone_unasked() const;

private:
    /// A family of an exchanger's addresses that was not waited for.
    struct Late {
        dns::Domain name;
        Family family;
        std::optional<std::uint16_t> preference;
        bool asked_again = false;
    };
    /// Why an exchanger is not used: a predicate.
    struct Fault {
        std::string name;
        std::string what;
    };
    /// What is left of a name's addresses, and what is not.
    struct Sifted {
        std::vector<IpAddress> ipv4;
        std::vector<IpAddress> ipv6;
        std::string unusable;
        bool left_out = false;
        bool exists = false;
        bool failed = false;
    };
    using Group = std::vector<Exchanger>;

    Task<Done> find_exchangers(const dns::Domain& domain);
    Task<Group> group_by_mx();
    Task<Group> fixed_group();
    Task<Group> late_group(bool finally);
    Task<std::optional<Exchanger>> look_up(std::string name,
                                           std::optional<std::uint16_t> preference);
    Task<dns::Addresses> ask(const dns::Domain& host);
    Task<dns::Answer<IpAddress>> ask_one(const dns::Domain& host, Family family, Deadline by);
    Result<Done> sift(const dns::Domain& host, const dns::Answer<IpAddress>& answer,
                      Family family, Sifted& into);
    std::optional<Exchanger> exchanger_of(const dns::Domain& host,
                                          std::optional<std::uint16_t> preference,
                                          Sifted& sifted) const;
    void note_fault(std::string name, std::string what);
    void note_fault_of(const dns::Domain& host, const Sifted& sifted);
    void note_trouble(const dns::Domain& host, const dns::Answer<IpAddress>& answer);
    void shuffle_equals();
    void drop_repeated();
    [[nodiscard]] bool may_ask() const;
    [[nodiscard]] bool is_left_out(Family family) const;
    [[nodiscard]] Duration time_left() const;
    [[nodiscard]] std::string words_of_faults() const;
    [[nodiscard]] Failure no_relay(std::string_view why) const;

    Environment& environment_;
    const Duration timeout_dns_;
    const routing::FamilyChoice families_;
    std::optional<routing::NextHop> hop_;
    bool by_mx_ = false;
    bool implicit_ = false;  // the domain has no MX and is its own exchanger
    std::string domain_;
    std::vector<dns::Mx> mx_;
    std::size_t next_ = 0;
    std::size_t asked_ = 0;
    Duration spent_{};         // in look-ups of addresses
    bool is_without_ipv6_by_source_ = false;  // a source address for IPv4 alone left some out
    bool artificial_ = false;  // the operator named it: even our own address will do
    std::string ourselves_;    // who is, with which address
    std::uint16_t port_ = 25;
    std::string look_up_trouble_;
    std::vector<Fault> faults_;
    bool is_missing_ = false;  // the last one looked up has no address at all
    std::vector<Late> late_;
};

}  // namespace tern::delivery

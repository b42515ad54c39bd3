// MX and address look-ups of one next hop; see exchangers.hpp.
#include "delivery/exchangers.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace tern::delivery {
namespace {

// RFC 8305 4: families alternate, so that a dead one costs one short wait and not its whole list.
std::vector<Endpoint> interleave(std::vector<IpAddress> first, std::vector<IpAddress> second,
                                 std::uint16_t port) {
    std::vector<Endpoint> mixed;
    for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
        if (i < first.size()) mixed.push_back(Endpoint{first[i], port});
        if (i < second.size()) mixed.push_back(Endpoint{second[i], port});
    }
    return mixed;
}

}  // namespace

Task<Done> Exchangers::find(NextHop hop) {
    hop_ = std::move(hop);
    const dns::Domain* domain = std::get_if<dns::Domain>(&*hop_);
    if (const Relay* relay = std::get_if<Relay>(&*hop_)) {
        artificial_ = true;
        port_ = relay->port;
        if (relay->by_mx) domain = std::get_if<dns::Domain>(&relay->host);
    }
    by_mx_ = domain != nullptr;
    if (!by_mx_) co_return Done();
    Result<Done> found = co_await find_exchangers(*domain).outcome();
    if (found || !artificial_) co_return found;
    // What the operator wrote may be mended: the mail waits.
    if (found.error().cause == Cause::null_mx) co_return no_relay("accepts no mail (null MX)");
    if (found.error().cause == Cause::no_such_host) co_return no_relay("does not exist");
    co_return found;
}

Task<Done> Exchangers::find_exchangers(const dns::Domain& domain) {
    domain_ = domain.ascii();
    dns::Answer<dns::Mx> answer =
        co_await world_.resolver.mx(domain, world_.clock.now() + timeout_dns_);
    switch (answer.outcome) {
        case dns::Outcome::no_such_name:
            co_return Failure(Stage::routing, Cause::no_such_host, domain_);
        case dns::Outcome::failed:
            co_return Failure(Stage::routing, Cause::name_service,
                              text("the look-up of the mail exchangers of ", domain_, " failed: ",
                                   answer.detail));
        case dns::Outcome::no_data:
            mx_.push_back(dns::Mx{0, domain_});  // RFC 5321 5.1: the implicit MX
            break;
        case dns::Outcome::found:
            mx_ = std::move(answer.records);
            break;
    }
    const auto is_null = [](const dns::Mx& mx) { return mx.exchanger.empty(); };
    if (std::ranges::all_of(mx_, is_null))
        co_return Failure(Stage::routing, Cause::null_mx, domain_);
    // RFC 7505 3: a null MX beside others is a mistake; the others stand.
    std::erase_if(mx_, is_null);
    shuffle_equals();
    co_return Done();
}

// RFC 5321 5.1: equal preference in random order; the sort keeps the shuffled order.
void Exchangers::shuffle_equals() {
    for (std::size_t left = mx_.size(); left > 1; --left)
        std::swap(mx_[left - 1], mx_[world_.random.below(static_cast<std::uint32_t>(left))]);
    std::ranges::stable_sort(mx_, {}, &dns::Mx::preference);
}

Task<std::vector<Exchanger>> Exchangers::next_group() {
    if (!by_mx_) co_return co_await fixed_group();
    std::vector<Exchanger> group;
    while (group.empty() && !reached_ourselves_ && next_ < std::min(mx_.size(), most_names)) {
        const std::uint16_t preference = mx_[next_].preference;
        const std::string trouble_of_better_ones = look_up_trouble_;
        for (; next_ < std::min(mx_.size(), most_names) && mx_[next_].preference == preference;
             ++next_) {
            const std::string name = mx_[next_].exchanger;
            std::optional<Exchanger> exchanger = co_await look_up(name);
            if (!exchanger) continue;
            exchanger->preference = preference;
            group.push_back(std::move(*exchanger));
        }
        if (!reached_ourselves_) continue;
        // Who is no better than we are counts no more, whether it has addresses or not.
        group.clear();
        look_up_trouble_ = trouble_of_better_ones;
    }
    co_return group;
}

// An address literal, or a relay without MX: one group, asked for once.
Task<std::vector<Exchanger>> Exchangers::fixed_group() {
    std::vector<Exchanger> group;
    if (next_++ > 0) co_return group;
    std::optional<IpAddress> address;
    if (const Relay* relay = std::get_if<Relay>(&*hop_)) {
        if (const dns::Domain* name = std::get_if<dns::Domain>(&relay->host)) {
            domain_ = name->ascii();
            std::optional<Exchanger> exchanger = co_await look_up(domain_);
            if (exchanger) group.push_back(std::move(*exchanger));
            co_return group;
        }
        address = std::get<IpAddress>(relay->host);
    } else {
        address = std::get<IpAddress>(*hop_);
    }
    domain_ = address->to_string();
    if (!artificial_) {
        const bool ours = co_await world_.local_addresses.is_ourselves(*address);
        if (ours) {
            reached_ourselves_ = true;
            co_return group;
        }
    }
    if (address->is_never_dialled()) {
        undialable_ = true;
        co_return group;
    }
    Exchanger literal;
    literal.endpoints.push_back(Endpoint{*address, port_});
    group.push_back(std::move(literal));
    co_return group;
}

Task<std::optional<Exchanger>> Exchangers::look_up(std::string name) {
    const std::optional<dns::Domain> host = dns::Domain::parse(name);
    if (!host) co_return std::optional<Exchanger>();
    dns::Addresses found =
        co_await world_.resolver.addresses(*host, world_.clock.now() + timeout_dns_);
    std::vector<IpAddress> usable[2];
    for (const dns::Answer<IpAddress>* answer : {&found.ipv4, &found.ipv6}) {
        if (answer->outcome == dns::Outcome::failed)
            look_up_trouble_ = text("the look-up of the addresses of ", host->ascii(), " failed: ",
                                    answer->detail);
        if (answer->outcome != dns::Outcome::found) continue;
        for (const IpAddress& address : answer->records) {
            if (!artificial_) {
                const bool ours = co_await world_.local_addresses.is_ourselves(address);
                reached_ourselves_ = reached_ourselves_ || ours;
            }
            if (address.is_never_dialled()) undialable_ = true;
            else usable[answer == &found.ipv6].push_back(address);
        }
    }
    const bool only_ipv4 =
        families_ == FamilyChoice::ipv4_only || families_ == FamilyChoice::ipv4_by_source;
    if (only_ipv4 || families_ == FamilyChoice::ipv6_only) {
        std::vector<IpAddress>& unwanted = usable[only_ipv4 ? 1 : 0];
        left_out_ = left_out_ || !unwanted.empty();
        unwanted.clear();
    }
    if (families_ == FamilyChoice::ipv6_first) std::swap(usable[0], usable[1]);
    if (usable[0].empty() && usable[1].empty()) co_return std::optional<Exchanger>();
    Exchanger exchanger;
    exchanger.name = host;
    exchanger.endpoints = interleave(std::move(usable[0]), std::move(usable[1]), port_);
    co_return std::optional<Exchanger>(std::move(exchanger));
}

Failure Exchangers::no_relay(std::string_view why) const {
    return Failure(Stage::routing, Cause::no_relay, text("the relay ", domain_, " ", why));
}

Failure Exchangers::none_left() const {
    if (!look_up_trouble_.empty())
        return Failure(Stage::routing, Cause::name_service, look_up_trouble_);
    if (reached_ourselves_) return Failure(Stage::routing, Cause::loops_back, domain_);
    // An address in a control file is no reason to bounce mail: whoever wrote it may add the other.
    if (left_out_ && families_ == FamilyChoice::ipv4_by_source)
        return Failure(Stage::routing, Cause::refused,
                       text(domain_, " has only IPv6 addresses, and IPv6 is not used because a "
                                     "source address is set for IPv4 alone (write one for IPv6, or "
                                     "::, into control/outgoingip6)\n"));
    if (artificial_)
        return no_relay(left_out_     ? "has no address of the family that "
                                        "control/addresspreference allows"
                        : undialable_ ? "has no address that can be dialled"
                                      : "has no address in the DNS");
    return Failure(Stage::routing, Cause::no_address,
                   text("The host is ", domain_,
                        left_out_ ? "; control/addresspreference leaves the family of its "
                                    "addresses out."
                        : undialable_ ? "; its addresses are multicast, broadcast, unspecified or "
                                      "link-local and are never dialled."
                                    : "."));
}

}  // namespace tern::delivery

// MX and address look-ups of one next hop; see exchangers.hpp.
#include "delivery/exchangers.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/text.hpp"

namespace tern::delivery {
namespace {

constexpr std::size_t most_faults = 5;  // named in a report (contract.md#exchangers)
// For the late answers of a group, all together: before the next preference, and at the end.
constexpr Duration late_patience = std::chrono::seconds(1);
constexpr Duration last_patience = std::chrono::seconds(10);

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

Task<Done> Exchangers::find(routing::NextHop hop) {
    hop_ = std::move(hop);
    const dns::Domain* domain = std::get_if<dns::Domain>(&*hop_);
    if (const routing::Relay* relay = std::get_if<routing::Relay>(&*hop_)) {
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
        co_await environment_.resolver.mx(domain, environment_.clock.now() + timeout_dns_);
    switch (answer.outcome) {
        case dns::Outcome::no_such_name:
            co_return Failure(Stage::routing, Cause::no_such_host, domain_);
        case dns::Outcome::failed:
            co_return Failure(Stage::routing, Cause::name_service,
                              concat("the look-up of the mail exchangers of ", domain_,
                                     " failed: ", answer.detail));
        case dns::Outcome::no_data:
            mx_.push_back(dns::Mx{0, domain_});  // RFC 5321 5.1: the implicit MX
            implicit_ = true;
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
    drop_repeated();
    co_return Done();
}

// RFC 5321 5.1: equal preference in random order; the sort keeps the shuffled order.
void Exchangers::shuffle_equals() {
    for (std::size_t left = mx_.size(); left > 1; --left)
        std::swap(mx_[left - 1], mx_[environment_.random.below(static_cast<std::uint32_t>(left))]);
    std::ranges::stable_sort(mx_, {}, &dns::Mx::preference);
}

// An exchanger that is listed again is not looked up again: its best preference counts.
void Exchangers::drop_repeated() {
    if (mx_.size() < 2) return;
    std::set<std::string> seen;
    std::erase_if(mx_, [&seen](const dns::Mx& mx) { return !seen.insert(mx.exchanger).second; });
}

Task<std::vector<Exchanger>> Exchangers::next_group() {
    Group group;
    if (!late_.empty()) group = co_await late_group(false);
    // Not "?:": g++ 12 destroys what is awaited inside it twice.
    if (group.empty() && by_mx_) group = co_await group_by_mx();
    else if (group.empty()) group = co_await fixed_group();
    if (group.empty() && !late_.empty()) group = co_await late_group(true);
    co_return group;
}

Task<std::vector<Exchanger>> Exchangers::group_by_mx() {
    Group group;
    while (group.empty() && ourselves_.empty() && next_ < mx_.size() && may_ask()) {
        const std::uint16_t preference = mx_[next_].preference;
        const std::string trouble_of_better_ones = look_up_trouble_;
        const auto faults_of_better_ones = static_cast<std::ptrdiff_t>(faults_.size());
        for (; next_ < mx_.size() && mx_[next_].preference == preference && may_ask(); ++next_) {
            const std::string name = mx_[next_].exchanger;
            std::optional<Exchanger> exchanger = co_await look_up(name, preference);
            if (exchanger) group.push_back(std::move(*exchanger));
        }
        if (ourselves_.empty()) continue;
        // Exchangers not preferred to this host are dropped, whether they have addresses or not.
        group.clear();
        std::erase_if(late_, [preference](const Late& late) {
            return late.preference == preference;
        });
        look_up_trouble_ = trouble_of_better_ones;
        faults_.erase(faults_.begin() + faults_of_better_ones, faults_.end());
    }
    co_return group;
}

// An address literal, or a relay without MX: one group, asked for once.
Task<std::vector<Exchanger>> Exchangers::fixed_group() {
    Group group;
    if (next_++ > 0) co_return group;
    std::optional<IpAddress> address;
    if (const routing::Relay* relay = std::get_if<routing::Relay>(&*hop_)) {
        if (const dns::Domain* name = std::get_if<dns::Domain>(&relay->host)) {
            domain_ = name->ascii();
            std::optional<Exchanger> exchanger = co_await look_up(domain_, std::nullopt);
            if (exchanger) group.push_back(std::move(*exchanger));
            co_return group;
        }
        address = std::get<IpAddress>(relay->host);
    } else {
        address = std::get<IpAddress>(*hop_);
    }
    domain_ = address->to_string();
    if (!artificial_) {
        const bool ours = co_await environment_.local_addresses.is_ourselves(*address);
        if (ours) {
            ourselves_ = "an address of this host";
            co_return group;
        }
    }
    if (address->is_never_dialled()) {
        note_fault(domain_, "is never used (it is multicast, broadcast, unspecified or "
                            "link-local)");
        co_return group;
    }
    Exchanger literal;
    literal.endpoints.push_back(Endpoint{*address, port_});
    group.push_back(std::move(literal));
    co_return group;
}

// What was not there 50 ms after the other family. While the other family's addresses were tried
// it may have come: a moment is given to it before the next preference. What has not come then is
// asked for once more after all others, or mail for a host that only this family reaches would be
// deferred for ever.
Task<std::vector<Exchanger>> Exchangers::late_group(bool finally) {
    Group group;
    const Deadline by = environment_.clock.now() + (finally ? last_patience : late_patience);
    for (std::size_t i = 0; i < late_.size();) {
        const bool is_due = finally || !late_[i].asked_again;
        if (!is_due || environment_.clock.now() >= by || time_left() <= Duration()) {
            ++i;
            continue;
        }
        const Late late = late_[i];
        const dns::Answer<IpAddress> answer = co_await ask_one(late.name, late.family, by);
        Sifted sifted;
        const bool was_other = ourselves_.empty();
        co_await sift(late.name, answer, late.family, sifted);
        const bool is_ourselves = was_other && !ourselves_.empty();
        std::optional<Exchanger> exchanger = exchanger_of(late.name, late.preference, sifted);
        if (exchanger && !is_ourselves) group.push_back(std::move(*exchanger));
        late_[i].asked_again = true;
        if (finally) note_trouble(late.name, answer);
        if (answer.outcome == dns::Outcome::failed) ++i;
        else late_.erase(late_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (finally) late_.clear();
    co_return group;
}

void Exchangers::note_reached(const dns::Domain& name) {
    std::erase_if(late_, [&name](const Late& late) { return late.name == name; });
}

Task<std::optional<Exchanger>> Exchangers::look_up(std::string name,
                                                   std::optional<std::uint16_t> preference) {
    const std::optional<dns::Domain> host = dns::Domain::parse(name);
    if (!host || IpAddress::parse(name)) {
        note_fault(name, host ? "is an IP address, not a host name" : "is not a valid host name");
        co_return std::optional<Exchanger>();
    }
    const dns::Addresses found = co_await ask(*host);
    Sifted sifted;
    co_await sift(*host, found.ipv4, Family::ipv4, sifted);
    co_await sift(*host, found.ipv6, Family::ipv6, sifted);
    if (found.ipv4.late) late_.push_back(Late{*host, Family::ipv4, preference});
    if (found.ipv6.late) late_.push_back(Late{*host, Family::ipv6, preference});
    if (sifted.ipv4.empty() && sifted.ipv6.empty() && (found.ipv4.late || found.ipv6.late)) {
        // What was there in time is of no use: the other family is waited for in full.
        const Late late = late_.back();
        late_.pop_back();
        const Deadline by = environment_.clock.now() + time_left();
        const dns::Answer<IpAddress> other = co_await ask_one(*host, late.family, by);
        note_trouble(*host, other);
        co_await sift(*host, other, late.family, sifted);
    }
    note_trouble(*host, found.ipv4);
    note_trouble(*host, found.ipv6);
    std::optional<Exchanger> exchanger = exchanger_of(*host, preference, sifted);
    if (!exchanger && !sifted.failed) note_fault_of(*host, sifted);
    co_return exchanger;
}

Task<dns::Addresses> Exchangers::ask(const dns::Domain& host) {
    ++asked_;
    const Time began = environment_.clock.now();
    dns::Addresses found = co_await environment_.resolver.addresses(host, began + time_left());
    spent_ += environment_.clock.now() - began;
    co_return found;
}

Task<dns::Answer<IpAddress>> Exchangers::ask_one(const dns::Domain& host, Family family,
                                                 Deadline by) {
    const Time began = environment_.clock.now();
    by = std::min<Deadline>(by, began + time_left());
    dns::Answer<IpAddress> answer = co_await environment_.resolver.addresses_of(host, family, by);
    spent_ += environment_.clock.now() - began;
    co_return answer;
}

Result<Done> Exchangers::sift(const dns::Domain& host, const dns::Answer<IpAddress>& answer,
                              Family family, Sifted& into) {
    into.exists = into.exists || answer.outcome != dns::Outcome::no_such_name;
    into.failed = into.failed || (answer.outcome == dns::Outcome::failed && !answer.late);
    if (answer.outcome != dns::Outcome::found) return Done();
    for (const IpAddress& address : answer.records) {
        if (!artificial_) {
            const Result<bool> ours = environment_.local_addresses.is_ourselves(address);
            if (!ours) return tl::unexpected<Failure>(ours.error());
            if (*ours)
                ourselves_ =
                    concat(host.ascii() == domain_ ? "it" : host.ascii(), " has the address ",
                           address.to_string(), ", which is an address of this host");
        }
        if (address.is_never_dialled()) {
            into.unusable += concat(into.unusable.empty() ? "" : ", ", address.to_string());
        } else if (is_left_out(address.family())) {
            into.left_out = true;
            is_without_ipv6_by_source_ = families_ == routing::FamilyChoice::ipv4_by_source;
        } else {
            (family == Family::ipv4 ? into.ipv4 : into.ipv6).push_back(address);
        }
    }
    return Done();
}

std::optional<Exchanger> Exchangers::exchanger_of(const dns::Domain& host,
                                                  std::optional<std::uint16_t> preference,
                                                  Sifted& sifted) const {
    if (sifted.ipv4.empty() && sifted.ipv6.empty()) return std::nullopt;
    if (families_ == routing::FamilyChoice::ipv6_first) std::swap(sifted.ipv4, sifted.ipv6);
    Exchanger exchanger;
    exchanger.name = host;
    exchanger.preference = preference;
    if (by_mx_) exchanger.next_hop = domain_;
    exchanger.endpoints = interleave(std::move(sifted.ipv4), std::move(sifted.ipv6), port_);
    return exchanger;
}

bool Exchangers::is_left_out(Family family) const {
    const bool only_ipv4 = families_ == routing::FamilyChoice::ipv4_only ||
                           families_ == routing::FamilyChoice::ipv4_by_source;
    return (only_ipv4 && family == Family::ipv6) ||
           (families_ == routing::FamilyChoice::ipv6_only && family == Family::ipv4);
}

bool Exchangers::may_ask() const { return asked_ < most_names && time_left() > Duration(); }

Duration Exchangers::time_left() const {
    return std::min(timeout_dns_, most_full_look_ups * timeout_dns_ - spent_);
}

void Exchangers::note_fault(std::string name, std::string what) {
    faults_.push_back(Fault{std::move(name), std::move(what)});
}

void Exchangers::note_fault_of(const dns::Domain& host, const Sifted& sifted) {
    is_missing_ = sifted.unusable.empty() && !sifted.left_out;
    note_fault(host.ascii(),
               !sifted.exists ? "does not exist"
               : sifted.left_out
                   ? "has only addresses of the family that control/addresspreference excludes"
               : is_missing_ ? "has no address"
                             : concat("has no usable address (", sifted.unusable, ")"));
}

void Exchangers::note_trouble(const dns::Domain& host, const dns::Answer<IpAddress>& answer) {
    if (answer.outcome != dns::Outcome::failed || answer.late) return;
    look_up_trouble_ =
        concat("the look-up of the addresses of ", host.ascii(), " failed: ", answer.detail);
}

// "a.example does not exist; b.example has no address; and 3 more"
std::string Exchangers::words_of_faults() const {
    std::string words;
    for (std::size_t i = 0; i < std::min(faults_.size(), most_faults); ++i)
        words += concat(i == 0 ? "" : "; ", faults_[i].name, " ", faults_[i].what);
    if (faults_.size() > most_faults)
        words += concat("; and ", faults_.size() - most_faults, " more");
    return words;
}

bool Exchangers::anyone_unasked() const {
    return !look_up_trouble_.empty() || !late_.empty() ||
           (by_mx_ && ourselves_.empty() && next_ < mx_.size());
}

Failure Exchangers::no_relay(std::string_view why) const {
    return Failure(Stage::routing, Cause::no_relay, concat("the relay ", domain_, " ", why));
}

Failure Exchangers::none_left() const {
    if (!look_up_trouble_.empty())
        return Failure(Stage::routing, Cause::name_service, look_up_trouble_);
    if (!ourselves_.empty())
        return Failure(Stage::routing, Cause::loops_back,
                       concat(domain_, by_mx_ ? "; " : ", ", ourselves_,
                              faults_.empty() ? "" : "; ", words_of_faults()));
    if (by_mx_ && next_ < mx_.size())
        return Failure(Stage::routing, Cause::name_service,
                       concat(mx_.size() - next_, " of the ", mx_.size(), " mail exchangers of ",
                              domain_, " were not looked up: ",
                              asked_ == most_names ? "the limit for one delivery was reached"
                                                   : "looking up the others took too long"));
    // An address in a control file is no reason to bounce mail: the other may be added to it.
    if (is_without_ipv6_by_source_)
        return Failure(Stage::routing, Cause::refused,
                       concat(domain_,
                              " has only IPv6 addresses, and IPv6 is not used because a "
                              "source address is set for IPv4 alone (write one for IPv6, or "
                              "::, into control/outgoingip6)\n"));
    const std::string what = faults_.empty() ? "has no address" : faults_.back().what;
    if (artificial_ && !by_mx_) return no_relay(what);
    if (artificial_) return no_relay(concat("has no usable mail exchanger: ", words_of_faults()));
    if (!by_mx_)
        return Failure(Stage::routing, Cause::no_address,
                       concat("The address ", words_of_faults(), "."));
    // contract.md#exchangers: as the old program said.
    if (implicit_ && is_missing_) return Failure(Stage::routing, Cause::no_such_host, domain_);
    if (implicit_)
        return Failure(Stage::routing, Cause::no_address,
                       concat("The host is ", domain_, "; it has no MX record and ", what, "."));
    return Failure(Stage::routing, Cause::no_address,
                   concat("The host is ", domain_,
                          "; its mail exchangers are not usable: ", words_of_faults(), "."));
}

}  // namespace tern::delivery

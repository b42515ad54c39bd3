// What the zones of a test hold. It must not know how it is asked for.
#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/text.hpp"
#include "dns/resolver.hpp"

namespace tern::test {

/// Names without an entry do not exist; an entry as it is made is a look-up that fails.
struct DnsRecords {
    std::map<std::string, dns::Answer<dns::Mx>> mx;
    std::map<std::string, dns::Answer<IpAddress>> ipv4;
    std::map<std::string, dns::Answer<IpAddress>> ipv6;
    /// Names for which there is never an answer.
    std::set<std::string> unanswered;
    /// How much longer the answer for one family takes; Duration::max(): there is none.
    std::map<std::string, Duration> ipv4_delays;
    std::map<std::string, Duration> ipv6_delays;

    void add_address(const std::string& name, std::string_view words) {
        const std::optional<IpAddress> address = IpAddress::parse(words);
        if (!address) throw std::invalid_argument(concat("no IP address: ", words));
        auto& answer = address->family() == Family::ipv4 ? ipv4[name] : ipv6[name];
        answer.outcome = dns::Outcome::found;
        answer.records.push_back(*address);
    }
    void add_exchanger(const std::string& domain, std::uint16_t preference,
                       const std::string& name) {
        dns::Answer<dns::Mx>& answer = mx[domain];
        answer.outcome = dns::Outcome::found;
        answer.records.push_back(dns::Mx{preference, name});
    }

    [[nodiscard]] bool has(const std::string& name) const {
        return mx.contains(name) || ipv4.contains(name) || ipv6.contains(name);
    }
    /// As far as the name servers tell: some of its look-ups find records, or fail.
    [[nodiscard]] bool may_have_any(const std::string& name) const {
        const auto may = [](dns::Outcome outcome) {
            return outcome == dns::Outcome::found || outcome == dns::Outcome::failed;
        };
        return unanswered.contains(name) || may(mx_of(name).outcome) ||
               may(addresses_of(name, Family::ipv4).outcome) ||
               may(addresses_of(name, Family::ipv6).outcome);
    }
    [[nodiscard]] dns::Answer<dns::Mx> mx_of(const std::string& name) const {
        return answer_in(mx, name);
    }
    [[nodiscard]] dns::Answer<IpAddress> addresses_of(const std::string& name,
                                                      Family family) const {
        return answer_in(family == Family::ipv4 ? ipv4 : ipv6, name);
    }
    [[nodiscard]] Duration delay_of(const std::string& name, Family family) const {
        const auto& delays = family == Family::ipv4 ? ipv4_delays : ipv6_delays;
        const auto found = delays.find(name);
        return found == delays.end() ? Duration() : found->second;
    }

private:
    template <class Record>
    [[nodiscard]] dns::Answer<Record> answer_in(
        const std::map<std::string, dns::Answer<Record>>& records, const std::string& name) const {
        const auto found = records.find(name);
        if (found != records.end()) return found->second;
        dns::Answer<Record> none;
        none.outcome = has(name) ? dns::Outcome::no_data : dns::Outcome::no_such_name;
        return none;
    }
};

}  // namespace tern::test

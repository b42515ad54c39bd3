// A resolver told by a table, for tests of what is made of its answers: exchangers may have names
// here that no DNS message can hold.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "dns/resolver.hpp"
#include "environment/environment.hpp"
#include "support/dns_records.hpp"
#include "support/simulation.hpp"

namespace tern::test {

class ToldResolver final : public dns::Resolver {
public:
    ToldResolver(Simulation& simulation, const DnsRecords& records)
        : simulation_(simulation), records_(records) {}

    /// Names whose addresses were asked for, in order, with the families.
    std::vector<std::string> addresses_asked;

    Task<dns::Answer<dns::Mx>> mx(const dns::Domain& domain, Deadline deadline) override {
        dns::Answer<dns::Mx> answer;
        answer.detail = no_answer;
        const bool in_time = co_await answers_in_time(domain.ascii(), deadline);
        if (in_time) answer = records_.mx_of(domain.ascii());
        co_return answer;
    }

    // RFC 8305 3, as the real resolver does it: each answer's time is known beforehand here.
    Task<dns::Addresses> addresses(const dns::Domain& host, Deadline deadline) override {
        constexpr Duration other_family = std::chrono::milliseconds(50);
        const std::string& name = host.ascii();
        addresses_asked.push_back(name);
        dns::Addresses found;
        found.ipv4.detail = found.ipv6.detail = no_answer;
        const bool in_time = co_await answers_in_time(name, deadline);
        if (!in_time) co_return found;
        const Duration left = deadline - simulation_.now();
        dns::Answer<IpAddress>* const answers[] = {&found.ipv4, &found.ipv6};
        constexpr Family families[] = {Family::ipv4, Family::ipv6};
        Duration until{};
        Duration enough = Duration::max();
        for (int i = 0; i < 2; ++i) {
            const Duration delay = records_.delay_of(name, families[i]);
            const bool has_any =
                records_.addresses_of(name, families[i]).outcome == dns::Outcome::found;
            if (has_any && delay < left) enough = std::min(enough, delay + other_family);
            until = std::max(until, std::min(delay, left));
        }
        until = std::min(until, enough);
        for (int i = 0; i < 2; ++i) {
            if (records_.delay_of(name, families[i]) <= until)
                *answers[i] = records_.addresses_of(name, families[i]);
            else answers[i]->late = until == enough;
        }
        if (until > Duration()) co_await simulation_.sleep(until);
        co_return found;
    }

    Task<dns::Answer<IpAddress>> addresses_of(const dns::Domain& host, Family family,
                                              Deadline deadline) override {
        const std::string& name = host.ascii();
        addresses_asked.push_back(concat(name, family == Family::ipv4 ? " A" : " AAAA"));
        dns::Answer<IpAddress> answer;
        answer.detail = no_answer;
        const bool in_time = co_await answers_in_time(name, deadline);
        if (!in_time) co_return answer;
        const Duration left = deadline - simulation_.now();
        const Duration delay = records_.delay_of(name, family);
        if (delay <= left) answer = records_.addresses_of(name, family);
        const Duration takes = std::min(delay, left);
        if (takes > Duration()) co_await simulation_.sleep(takes);
        co_return answer;
    }

private:
    static constexpr const char* no_answer = "no name server answered";

    Task<bool> answers_in_time(std::string name, Deadline deadline) {
        constexpr Duration longest = std::chrono::milliseconds(80);
        const bool answers = !records_.unanswered.contains(name);
        Duration delay = deadline - simulation_.now();
        if (answers) delay = simulation_.random().up_to(longest);
        co_await simulation_.sleep(delay);
        co_return answers;
    }

    Simulation& simulation_;
    const DnsRecords& records_;
};

/// For tests that connect to nothing.
class NoDialer final : public Dialer {
public:
    Task<DialResult> dial(std::span<const Target>, Duration, Deadline) override {
        co_return DialResult();
    }
};

}  // namespace tern::test

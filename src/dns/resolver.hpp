// Names to records: what an answer is, and the interface through which deliveries ask.
// The transport lives in os; the reading of messages in dns/message.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ip.hpp"
#include "base/task.hpp"
#include "dns/domain.hpp"

namespace tern::dns {

enum class Outcome {
    found,         ///< records are there
    no_data,       ///< the name exists, without records of this type
    no_such_name,  ///< NXDOMAIN
    failed,        ///< trouble that may pass; `detail` says which
};

/// An answer to one question after following CNAMEs.
template <class Record>
struct Answer {
    Outcome outcome = Outcome::failed;
    std::vector<Record> records;
    /// The AD bit (RFC 4035 3.2.3) of every message that contributed; meaningful only for a
    /// resolver one trusts.
    bool authentic = false;
    /// For `failed`: what happened, in words ("the name server 192.0.2.53 answered SERVFAIL").
    std::string detail;
    /// For `failed`: the other family had addresses first, and this one was not waited for any
    /// longer (RFC 8305 3). Asked alone it may well have an answer.
    bool late = false;
};

struct Mx {
    std::uint16_t preference = 0;
    /// The exchanger as given, lower case, without trailing dot; empty for the root, the null MX of
    /// RFC 7505 3. Not validated: Domain::parse judges it.
    std::string exchanger;

    friend bool operator==(const Mx&, const Mx&) = default;
};

/// Both families of one name, asked at once.
struct Addresses {
    Answer<IpAddress> ipv4;
    Answer<IpAddress> ipv6;
};

/// Asks the name servers. Fails only with Cause::cancelled: trouble is an Outcome.
class Resolver {
public:
    Resolver() = default;
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    virtual ~Resolver() = default;

    /// MX records, in the order received; a CNAME at the domain is followed (RFC 5321 5.1).
    virtual Task<Answer<Mx>> mx(const Domain& domain, Deadline deadline) = 0;
    /// A and AAAA records of `host`, both questions on the wire at once. 50 ms after one family has
    /// given addresses the other is given up as late (RFC 8305 3).
    virtual Task<Addresses> addresses(const Domain& host, Deadline deadline) = 0;
    /// The addresses of one family alone, waited for until the deadline.
    virtual Task<Answer<IpAddress>> addresses_of(const Domain& host, Family family,
                                                 Deadline deadline) = 0;
};

}  // namespace tern::dns

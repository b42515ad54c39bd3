// DNS messages (RFC 1035 4): questions to bytes, bytes of an answer to records. Pure functions; no
// transport, no clock. Nothing in a message is believed before it has been checked.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dns/domain.hpp"
#include "dns/resolver.hpp"

namespace tern::dns {

/// The record types that deliveries ask for (RFC 1035 3.2.2, RFC 3596 2.1); class is always IN.
enum class Type : std::uint16_t { a = 1, mx = 15, aaaa = 28 };

/// Response codes (RFC 1035 4.1.1) by which a server says that another one should be asked.
constexpr unsigned rcode_server_failure = 2;
constexpr unsigned rcode_not_implemented = 4;
constexpr unsigned rcode_refused = 5;

/// What is asked, and the number by which the answer is known.
struct Question {
    Domain name;
    Type type;
    std::uint16_t id;
};

/// CNAMEs followed for one look-up, in all messages together; more are taken for a loop.
constexpr int most_aliases = 8;

/// What one message says about a question.
template <class Record>
struct Reading {
    Answer<Record> answer;
    /// Set when the chain of CNAMEs in the message ends at a name about which it holds nothing
    /// more: that name is to be asked for, and `answer` tells only whether it was authentic so far.
    std::optional<Domain> ask_next;
    int aliases = 0;  ///< CNAMEs followed so far, those of earlier messages included
};

/// The bytes of a query: RD, and AD to be told whether the answer is authentic (RFC 6840 5.7). No
/// EDNS: old firewalls drop it, and what does not fit 512 bytes comes over TCP.
[[nodiscard]] std::string make_query(const Question& question);

/// Reads the answer to a question for MX records. `aliases` is what the reading before this one
/// gave, 0 for the first. An answer that is truncated, malformed, to another question or no answer
/// is Outcome::failed, like every response code but NOERROR and NXDOMAIN. An exchanger is given in
/// lower case without trailing dot; each byte of a label that is none of a host name is written
/// `\ddd` (RFC 1035 5.1), which Domain::parse refuses.
[[nodiscard]] Reading<Mx> read_mx(std::string_view message, const Question& question, int aliases);

/// The same for A or AAAA records, whichever the question asks for.
[[nodiscard]] Reading<IpAddress> read_addresses(std::string_view message, const Question& question,
                                                int aliases);

/// A response code as people know it: "SERVFAIL", or "response code 23".
[[nodiscard]] std::string rcode_name(unsigned rcode);

}  // namespace tern::dns

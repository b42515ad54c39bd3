// DNS messages (RFC 1035 4): questions to bytes, bytes of an answer to records. Pure functions; no
// transport, no clock. Nothing in a message is believed before it has been checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dns/domain.hpp"
#include "dns/resolver.hpp"

namespace tern::dns {

/// The record types that deliveries ask for (RFC 1035 3.2.2, RFC 3596 2.1); class is always IN.
enum class Type : std::uint16_t { a = 1, mx = 15, aaaa = 28 };

/// Response codes (RFC 1035 4.1.1, RFC 6891 9).
constexpr unsigned rcode_format_error = 1;
constexpr unsigned rcode_server_failure = 2;
constexpr unsigned rcode_not_implemented = 4;
constexpr unsigned rcode_bad_version = 16;

/// The size of the answer over UDP that we ask for by EDNS: what passes unfragmented almost
/// everywhere (contract.md#names).
constexpr std::size_t edns_size = 1232;
/// Of the OPT record at the end of a query.
constexpr std::size_t opt_size = 11;
/// The size without EDNS (RFC 1035 4.2.1).
constexpr std::size_t plain_size = 512;

/// What is asked, and the number by which the answer is known.
struct Question {
    Domain name;
    Type type;
    std::uint16_t id;
    bool edns = true;  ///< with an OPT record (RFC 6891)
};

/// CNAMEs followed for one look-up, in all messages together; more are taken for a loop.
constexpr int most_aliases = 8;

/// What one message says about a question.
template <class Record>
struct Reading {
    Answer<Record> answer;
    /// Set when the chain of CNAMEs in the message ends at a name about which it holds nothing
    /// more: that name is to be asked for, and `answer` says only whether it was authentic so far.
    std::optional<Domain> ask_next;
    int aliases = 0;  ///< CNAMEs followed so far, those of earlier messages included
    /// The message does not answer the question, and another server should be asked. The detail of
    /// `answer` is then a predicate whose subject is the name server: "answered SERVFAIL".
    bool unusable = false;
    bool truncated = false;  ///< unusable because the answer did not fit (TC)
    unsigned rcode = 0;      ///< the response code, 12 bits with EDNS (RFC 6891 6.1.3)
    std::size_t steps = 0;   ///< bytes and pointers of names that were looked at: the work done
};

/// The bytes of a query: RD, AD to learn whether the answer is authentic (RFC 6840 5.7), and an OPT
/// record where the question wants EDNS.
[[nodiscard]] std::string make_query(const Question& question);

/// Reads the answer to a question for MX records. `aliases` is what the reading before this one
/// gave, 0 for the first. An answer that is truncated, malformed, to another question, a referral
/// or not an answer is Outcome::failed and unusable, like every response code but NOERROR and
/// NXDOMAIN; an alias that leads nowhere is Outcome::failed alone. An exchanger is given in lower
/// case without trailing dot; each byte of a label that cannot be part of a host name is written
/// `\ddd` (RFC 1035 5.1), which Domain::parse refuses.
[[nodiscard]] Reading<Mx> read_mx(std::string_view message, const Question& question, int aliases);

/// The same for A or AAAA records, whichever the question asks for.
[[nodiscard]] Reading<IpAddress> read_addresses(std::string_view message, const Question& question,
                                                int aliases);

/// Whether it is a refusal that consists of the header alone, whatever the header counts. Servers
/// that cannot read a query answer so, with FORMERR (RFC 6891 7).
[[nodiscard]] bool is_bare_refusal(std::string_view message);

/// A response code as people know it: "SERVFAIL", or "response code 23".
[[nodiscard]] std::string rcode_name(unsigned rcode);

}  // namespace tern::dns

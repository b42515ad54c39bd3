// The grammar of outgoingip, outgoingip6, domainips and helohostbyip: what a line says, and what is
// wrong with it. source finds the line that decides.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip.hpp"
#include "routing/parsed.hpp"

namespace tern::routing {

inline constexpr std::string_view domainips_file = "control/domainips";
inline constexpr std::string_view helohostbyip_file = "control/helohostbyip";
inline constexpr std::string_view all_senders = "*";

/// The file of the address of a family.
[[nodiscard]] std::string_view outgoing_file(Family family);

/// `key:ip[|helohost]` of domainips.
struct DomainLine {
    std::string_view key;
    std::optional<IpAddress> address;
    std::string_view hello_name;
    bool may_be_ipv4 = true;  ///< what is not an address may have been meant as either
    bool may_be_ipv6 = true;
    std::optional<std::string> mistake;

    [[nodiscard]] bool is_of(Family family) const {
        return family == Family::ipv4 ? may_be_ipv4 : may_be_ipv6;
    }
};

/// Nothing for a comment and for a line without a colon.
[[nodiscard]] std::optional<DomainLine> split_domain_line(std::string_view line);

/// A domain as domainips compares it: without its final dot; empty where a dot is all of it.
[[nodiscard]] std::string_view comparable_domain(std::string_view domain);

/// What outgoingip or outgoingip6 says; nothing for an empty file, as the combined patch leaves
/// one.
[[nodiscard]] Parsed<std::optional<IpAddress>> parse_outgoing(std::string_view content,
                                                              Family family);

/// `localip:helohost`.
struct HelloLine {
    std::string_view key;
    std::optional<IpAddress> address;
    std::string_view name;
};

/// Nothing for a comment and for a line without a colon.
[[nodiscard]] std::optional<HelloLine> split_hello_line(std::string_view line);

/// Whether `name` can be sent with EHLO: one byte at least, printable ASCII alone
/// (contract.md#control-files; blanks pass, as they do in helohost).
[[nodiscard]] bool is_hello_name(std::string_view name);

/// What is wrong with a name that is not one.
[[nodiscard]] std::string what_is_wrong_with_hello_name(std::string_view name);

}  // namespace tern::routing

// Reads lines of source addresses and EHLO names; see source_lines.hpp.
#include "routing/source_lines.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "routing/host_port.hpp"
#include "routing/key_match.hpp"
#include "routing/route_key.hpp"

namespace tern::routing {
namespace {

std::string_view name_of(Family family) { return family == Family::ipv4 ? "IPv4" : "IPv6"; }

std::optional<IpAddress> address_in(std::string_view text) { return parse_address(trim(text)); }

// An IPv6 address without brackets ends at the last colon, or where a literal begins that is the
// EHLO name; before an IPv4 address there is no choice.
std::size_t end_of_address(std::string_view line) {
    if (line.starts_with('[')) return end_of_domain_key(line);
    const std::size_t first = line.find(':');
    if (address_in(line.substr(0, first))) return first;
    const std::size_t literal = line.find(":[");
    return literal == line.npos ? line.rfind(':') : literal;
}

}  // namespace

std::string_view outgoing_file(Family family) {
    return family == Family::ipv4 ? "control/outgoingip" : "control/outgoingip6";
}

std::optional<DomainLine> split_domain_line(std::string_view line) {
    if (line.starts_with('#')) return std::nullopt;
    const std::size_t colon = end_of_domain_key(line);
    if (colon == line.npos) return std::nullopt;
    const std::string_view value = trim_end(line.substr(colon + 1));
    const std::size_t bar = value.find('|');
    const std::string_view address = value.substr(0, bar);
    DomainLine read;
    read.key = line.substr(0, colon);
    read.address = address_in(address);
    if (read.address) {
        read.may_be_ipv4 = read.address->family() == Family::ipv4;
        read.may_be_ipv6 = !read.may_be_ipv4;
    } else {
        const auto of_ipv4 = [](char c) { return is_digit(c) || c == '.'; };
        read.may_be_ipv6 = address.empty() || !std::ranges::all_of(address, of_ipv4);
        read.mistake = concat(in_quotes(address),
                              " is not an IP address (write domain:address or "
                              "domain:address|helohost)");
    }
    if (bar == value.npos) return read;
    read.hello_name = value.substr(bar + 1);
    if (!read.mistake && !is_hello_name(read.hello_name))
        read.mistake = what_is_wrong_with_hello_name(read.hello_name);
    return read;
}

std::string_view comparable_domain(std::string_view domain) {
    return domain == "." ? std::string_view() : without_final_dot(domain);
}

Parsed<std::optional<IpAddress>> parse_outgoing(std::string_view content, Family family) {
    const std::string_view line = trim_end(first_line(content));
    if (line.empty()) return std::nullopt;
    const std::optional<IpAddress> address = address_in(line);
    if (!address && address_in(line.substr(0, line.find_first_of(" \t"))))
        return wrong(concat(in_quotes(line), " is followed by other text (remove it)"));
    if (!address)
        return wrong(concat(in_quotes(line), " is not an IP address (the first line must be one ",
                            name_of(family), " address)"));
    if (address->family() != family)
        return wrong(concat(in_quotes(line), " is not an ", name_of(family),
                            " address (write it into ", outgoing_file(address->family()), ")"));
    return address;
}

std::optional<HelloLine> split_hello_line(std::string_view line) {
    if (line.starts_with('#')) return std::nullopt;
    const std::size_t colon = end_of_address(line);
    if (colon == line.npos) return std::nullopt;
    const std::string_view key = line.substr(0, colon);
    return HelloLine{key, address_in(key), trim_end(line.substr(colon + 1))};
}

bool is_hello_name(std::string_view name) {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string what_is_wrong_with_hello_name(std::string_view name) {
    return name.empty() ? "the EHLO name is empty"
                        : "the EHLO name contains a byte that is not printable ASCII";
}

}  // namespace tern::routing

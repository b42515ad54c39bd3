// IP addresses from and to text; see ip.hpp. They are written by hand: inet_ntop(3) writes some
// IPv6 addresses with an IPv4 address at the end (::192.0.2.1), which RFC 5952 5 keeps for known
// prefixes.
#include "base/ip.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"

namespace tern {
namespace {

constexpr std::size_t group_count = 8;  // 16-bit groups of an IPv6 address
using Groups = std::array<std::uint16_t, group_count>;

// Through inet_pton(3), which takes the documented forms and no others: no octal or missing parts,
// no zones. It wants a terminated text; what is longer than any address is none.
template <std::size_t size>
std::optional<std::array<std::uint8_t, size>> parse_as(int family, std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != text.npos) return std::nullopt;
    std::ranges::copy(text, terminated.begin());
    std::array<std::uint8_t, size> bytes{};
    if (::inet_pton(family, terminated.data(), bytes.data()) != 1) return std::nullopt;
    return bytes;
}

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
    return parse_as<4>(AF_INET, text);
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) {
    return parse_as<16>(AF_INET6, text);
}

void append_number(std::string& to, unsigned number, int base) {
    char digits[8];
    to.append(digits, std::to_chars(digits, digits + sizeof digits, number, base).ptr);
}

/// A run of groups that are zero.
struct Run {
    std::size_t begin = 0;
    std::size_t length = 0;
};

// RFC 5952 4.2: `::` takes the longest run of two or more zero groups, the first among equals.
Run longest_zero_run(const Groups& groups) {
    Run longest;
    Run run;
    for (std::size_t i = 0; i < group_count; ++i) {
        if (groups[i] != 0) {
            run = Run();
            continue;
        }
        if (run.length++ == 0) run.begin = i;
        if (run.length > longest.length) longest = run;
    }
    return longest.length >= 2 ? longest : Run();
}

std::string ipv6_to_string(const std::array<std::uint8_t, 16>& bytes) {
    Groups groups{};
    for (std::size_t i = 0; i < group_count; ++i)
        groups[i] = static_cast<std::uint16_t>(bytes[2 * i] << 8 | bytes[2 * i + 1]);
    const Run zeros = longest_zero_run(groups);
    std::string text;
    for (std::size_t i = 0; i < group_count;) {
        if (zeros.length > 0 && i == zeros.begin) {
            text += "::";
            i += zeros.length;
            continue;
        }
        if (!text.empty() && text.back() != ':') text += ':';
        append_number(text, groups[i++], 16);
    }
    return text;
}

}  // namespace

IpAddress IpAddress::ipv4(std::array<std::uint8_t, 4> bytes) {
    IpAddress address;
    std::ranges::copy(bytes, address.bytes_.begin());
    return address;
}

IpAddress IpAddress::ipv6(const std::array<std::uint8_t, 16>& bytes) {
    // RFC 4291 2.5.5.2: ::ffff:0:0/96 is an IPv4 address in IPv6 clothes.
    constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(mapped.begin(), mapped.end(), bytes.begin()))
        return ipv4({bytes[12], bytes[13], bytes[14], bytes[15]});
    IpAddress address;
    address.family_ = Family::ipv6;
    address.bytes_ = bytes;
    return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    if (const auto bytes = parse_ipv4(text)) return ipv4(*bytes);
    if (const auto bytes = parse_ipv6(text)) return ipv6(*bytes);
    return std::nullopt;
}

std::optional<IpAddress> IpAddress::parse_literal(std::string_view inside) {
    constexpr std::string_view tag = "IPv6:";  // RFC 5321 4.1.3; ABNF strings ignore case
    if (!equal_ignoring_case(inside.substr(0, tag.size()), tag)) return parse(inside);
    const auto bytes = parse_ipv6(inside.substr(tag.size()));
    if (!bytes) return std::nullopt;
    return ipv6(*bytes);
}

std::string IpAddress::to_string() const {
    if (family_ == Family::ipv6) return ipv6_to_string(bytes_);
    std::string text;
    for (std::size_t i = 0; i < 4; ++i) {
        if (i > 0) text += '.';
        append_number(text, bytes_[i], 10);
    }
    return text;
}

bool IpAddress::is_loopback_or_unspecified() const {
    if (family_ == Family::ipv4) return bytes_[0] == 127 || *this == ipv4({0, 0, 0, 0});
    const bool zeros = std::all_of(bytes_.begin(), bytes_.end() - 1, [](auto b) { return b == 0; });
    return zeros && bytes_.back() <= 1;
}

bool IpAddress::is_never_dialled() const {
    if (family_ == Family::ipv4) {
        const bool multicast = (bytes_[0] & 0xf0) == 0xe0;                  // 224.0.0.0/4
        const bool link_local = bytes_[0] == 169 && bytes_[1] == 254;      // RFC 3927 2.1
        return multicast || link_local || *this == ipv4({0, 0, 0, 0}) ||
               *this == ipv4({255, 255, 255, 255});
    }
    const bool multicast = bytes_[0] == 0xff;                              // RFC 4291 2.7
    const bool link_local = bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;  // fe80::/10
    return multicast || link_local || bytes_ == std::array<std::uint8_t, 16>{};
}

}  // namespace tern

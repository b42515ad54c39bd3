// Any text as an address: the same texts are taken as by inet_pton(3), which takes no other form
// either, and what is written is taken again and means the same.
#include <arpa/inet.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "base/ip.hpp"
#include "fuzz/tools.hpp"

namespace {

using tern::Family;
using tern::IpAddress;
using tern::fuzz::expect;

void compare_with_the_library(const std::string& text, const std::optional<IpAddress>& address) {
    in_addr ipv4{};
    in6_addr ipv6{};
    const bool has_nul = text.find('\0') != std::string::npos;
    const bool is_ipv4 = !has_nul && ::inet_pton(AF_INET, text.c_str(), &ipv4) == 1;
    const bool is_ipv6 = !has_nul && ::inet_pton(AF_INET6, text.c_str(), &ipv6) == 1;
    expect(address.has_value() == (is_ipv4 || is_ipv6));
    if (!address) return;
    if (is_ipv4) {
        expect(address->family() == Family::ipv4);
        expect(std::memcmp(address->bytes().data(), &ipv4, sizeof ipv4) == 0);
    } else if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
        expect(address->family() == Family::ipv4);
        expect(std::memcmp(address->bytes().data(), &ipv6.s6_addr[12], sizeof ipv4) == 0);
    } else {
        expect(address->family() == Family::ipv6);
        expect(std::memcmp(address->bytes().data(), &ipv6, sizeof ipv6) == 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const std::optional<IpAddress> address = IpAddress::parse(text);
    compare_with_the_library(text, address);
    const std::optional<IpAddress> literal = IpAddress::parse_literal(text);
    if (address) expect(literal == address);
    if (!literal) return 0;
    const std::string written = literal->to_string();
    expect(IpAddress::parse(written) == literal);
    expect(written.size() < INET6_ADDRSTRLEN);
    // RFC 5952 4.3: lower case.
    expect(written.find_first_not_of("0123456789abcdef:.") == std::string::npos);
    if (literal->is_never_dialled() && literal->is_loopback_or_unspecified())
        expect(written == "0.0.0.0" || written == "::");
    return 0;
}

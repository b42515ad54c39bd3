// IP addresses and endpoints as values: text to bytes and back, kinds of address.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tern {

enum class Family : std::uint8_t { ipv4, ipv6 };

/// An IPv4 or IPv6 address. An IPv4-mapped IPv6 address is always held as its IPv4 address
/// (contract.md#ourselves: it is judged, connected and counted as such).
class IpAddress {
public:
    IpAddress() = default;
    [[nodiscard]] static IpAddress ipv4(std::array<std::uint8_t, 4> bytes);
    [[nodiscard]] static IpAddress ipv6(const std::array<std::uint8_t, 16>& bytes);

    /// From dotted-decimal (four parts, no leading zeros) or IPv6 text (RFC 4291 2.2, no zone);
    /// nothing for anything else.
    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
    /// From an address literal without its brackets: `192.0.2.1`, `IPv6:2001:db8::1` or
    /// `2001:db8::1` (contract.md#hosts).
    [[nodiscard]] static std::optional<IpAddress> parse_literal(std::string_view inside);

    [[nodiscard]] Family family() const { return family_; }
    /// The first 4 bytes are the address of an IPv4 one; all 16 of an IPv6 one.
    [[nodiscard]] const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
    /// `192.0.2.1`, or the form of RFC 5952 4 for IPv6.
    [[nodiscard]] std::string to_string() const;

    /// 0.0.0.0, ::, ::1 and all of 127.0.0.0/8: ourselves whatever the interfaces say.
    [[nodiscard]] bool is_loopback_or_unspecified() const;
    /// Multicast, broadcast, unspecified or link-local: never dialled (contract.md#ourselves).
    [[nodiscard]] bool is_never_dialled() const;

    friend auto operator<=>(const IpAddress&, const IpAddress&) = default;

private:
    Family family_ = Family::ipv4;
    std::array<std::uint8_t, 16> bytes_{};
};

/// One address and port.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 25;

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace tern

// IP addresses from and to text; see ip.hpp. By hand, so that exactly the documented forms are
// taken whatever the C library thinks of octal parts, zones or missing ones.
#include "base/ip.hpp"

#include <algorithm>
#include <charconv>

#include "base/ascii.hpp"

namespace tern {
namespace {

constexpr std::size_t group_count = 8;  // 16-bit groups of an IPv6 address
using Groups = std::array<std::uint16_t, group_count>;

std::optional<std::array<std::uint8_t, 4>> parse_ipv4(std::string_view text) {
    std::array<std::uint8_t, 4> bytes{};
    for (std::size_t part = 0; part < bytes.size(); ++part) {
        if (part > 0) {
            if (!text.starts_with('.')) return std::nullopt;
            text.remove_prefix(1);
        }
        std::size_t length = 0;
        unsigned value = 0;
        while (length < text.size() && length < 3 && is_digit(text[length]))
            value = value * 10 + static_cast<unsigned>(text[length++] - '0');
        // A leading zero means octal to some readers and nothing to others (RFC 6943 3.1.1).
        if (length == 0 || value > 255 || (length > 1 && text.front() == '0')) return std::nullopt;
        bytes[part] = static_cast<std::uint8_t>(value);
        text.remove_prefix(length);
    }
    if (!text.empty()) return std::nullopt;
    return bytes;
}

std::optional<std::uint16_t> parse_group(std::string_view text) {
    constexpr std::size_t most_digits = 4;
    std::uint16_t value = 0;
    const char* const end = text.data() + text.size();
    if (text.empty() || text.size() > most_digits) return std::nullopt;
    const std::from_chars_result read = std::from_chars(text.data(), end, value, 16);
    if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
    return value;
}

/// Groups on one side of `::`.
struct Side {
    Groups groups{};
    std::size_t count = 0;

    [[nodiscard]] bool add(std::uint16_t group) {
        if (count == group_count) return false;
        groups[count++] = group;
        return true;
    }
};

// Groups divided by colons; an IPv4 address may stand for the last two (RFC 4291 2.2, form 3).
std::optional<Side> parse_side(std::string_view text, bool is_last) {
    Side side;
    if (text.empty()) return side;
    for (;;) {
        const std::size_t colon = text.find(':');
        const bool ends = colon == std::string_view::npos;
        const std::string_view part = text.substr(0, colon);
        if (ends && is_last && part.find('.') != std::string_view::npos) {
            const auto bytes = parse_ipv4(part);
            if (!bytes) return std::nullopt;
            const auto& b = *bytes;
            if (!side.add(static_cast<std::uint16_t>(b[0] << 8 | b[1])) ||
                !side.add(static_cast<std::uint16_t>(b[2] << 8 | b[3])))
                return std::nullopt;
            return side;
        }
        const auto group = parse_group(part);
        if (!group || !side.add(*group)) return std::nullopt;
        if (ends) return side;
        text.remove_prefix(colon + 1);
    }
}

std::optional<std::array<std::uint8_t, 16>> parse_ipv6(std::string_view text) {
    const std::size_t gap = text.find("::");
    const bool has_gap = gap != std::string_view::npos;
    const auto left = parse_side(text.substr(0, gap), !has_gap);
    const auto right =
        has_gap ? parse_side(text.substr(gap + 2), true) : std::optional<Side>(Side());
    if (!left || !right) return std::nullopt;
    // `::` stands for one group at least.
    const std::size_t count = left->count + right->count;
    if (has_gap ? count >= group_count : count != group_count) return std::nullopt;

    Groups groups{};
    std::copy_n(left->groups.begin(), left->count, groups.begin());
    std::copy_n(right->groups.begin(), right->count,
                groups.end() - static_cast<std::ptrdiff_t>(right->count));
    std::array<std::uint8_t, 16> bytes{};
    for (std::size_t i = 0; i < group_count; ++i) {
        bytes[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8);
        bytes[2 * i + 1] = static_cast<std::uint8_t>(groups[i] & 0xff);
    }
    return bytes;
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
        const bool link_local = bytes_[0] == 169 && bytes_[1] == 254;      // RFC 3927
        return multicast || link_local || *this == ipv4({0, 0, 0, 0}) ||
               *this == ipv4({255, 255, 255, 255});
    }
    const bool multicast = bytes_[0] == 0xff;                              // RFC 4291 2.7
    const bool link_local = bytes_[0] == 0xfe && (bytes_[1] & 0xc0) == 0x80;  // fe80::/10
    return multicast || link_local || bytes_ == std::array<std::uint8_t, 16>{};
}

}  // namespace tern

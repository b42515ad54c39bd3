// Envelope addresses: from qmail's form (raw local part, '@', domain) to what MAIL and RCPT carry.
// Whatever could end the path or the command is refused here, nowhere else.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace tern::smtp {

/// Longest address on the wire, in bytes without the angle brackets. RFC 5321 4.5.3.1.3 grants 256
/// for a path; SRS, VERP and BATV addresses exceed that in the field, and servers take them.
constexpr std::size_t longest_address = 900;

/// A path as the wire takes it between '<' and '>'.
struct Path {
    std::string local;   ///< quoted where RFC 5321 4.1.2 needs it
    std::string domain;  ///< what follows the last '@', as given; empty when there is no '@'
    bool has_at = false;

    /// The bytes between the angle brackets.
    [[nodiscard]] std::string wire() const;
    /// The same address without quoting, as envelopes(5) has it and QMTP takes it.
    [[nodiscard]] std::string raw() const;
    /// Whether it has bytes beyond ASCII left of the '@' (RFC 6531 then is needed to send it).
    [[nodiscard]] bool local_is_internationalised() const;

    friend bool operator==(const Path&, const Path&) = default;
};

/// Reads an address as envelopes(5) gives it: everything after the last '@' is the domain, the
/// local part is raw. "" and "#@[]" and an address without '@' go out as they are. Gives what is
/// wrong, in words, for an address that must never reach the wire (contract.md#addresses).
[[nodiscard]] tl::expected<Path, std::string> parse_address(std::string_view address);

/// Whether `text` is valid UTF-8 (RFC 3629 4: no overlong forms, no surrogates, up to U+10FFFF).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace tern::smtp

// A domain name as the DNS takes it: A-labels, lower case, no trailing dot. No look-ups here.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace tern::dns {

/// A host or domain name that is fit to be asked for, to be compared and to become part of a file
/// name: 1 to 253 bytes, labels of 1 to 63 letters, digits, '-' and '_', lower case, no trailing
/// dot, no '/'. UTF-8 is converted to A-labels (RFC 5890 2.3.2.1, libidn2's u8 functions).
class Domain {
public:
    /// Nothing when `text` is not such a name. One trailing dot is allowed and dropped.
    [[nodiscard]] static std::optional<Domain> parse(std::string_view text);

    [[nodiscard]] const std::string& ascii() const { return ascii_; }

    friend auto operator<=>(const Domain&, const Domain&) = default;

private:
    explicit Domain(std::string ascii);
    std::string ascii_;
};

}  // namespace tern::dns

// Reads and quotes envelope addresses; see address.hpp.
#include "smtp/address.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/ip.hpp"
#include "base/text.hpp"

namespace tern::smtp {
namespace {

using ByteClass = std::array<bool, 256>;

// Letters, digits, the UTF-8 of RFC 6531 3.3, and `more`.
constexpr ByteClass alphanumeric_or(std::string_view more) {
    ByteClass members{};
    for (unsigned byte = 0; byte < members.size(); ++byte) {
        const auto c = static_cast<char>(byte);
        members[byte] = is_alnum(c) || is_8bit(c) || more.find(c) != more.npos;
    }
    return members;
}

// RFC 5321 4.1.2 Dot-string, but for where its dots stand.
constexpr ByteClass atoms_and_dots = alphanumeric_or(".!#$%&'*+-/=?^_`{|}~");
constexpr ByteClass labels = alphanumeric_or("-_");

bool all_in(const ByteClass& members, std::string_view text) {
    return std::ranges::all_of(
        text, [&members](char c) { return members[static_cast<unsigned char>(c)]; });
}

bool is_dot_string(std::string_view local) {
    if (local.empty() || local.front() == '.' || local.back() == '.') return false;
    if (local.find("..") != local.npos) return false;
    return all_in(atoms_and_dots, local);
}

std::string quoted_where_needed(std::string_view local) {
    if (is_dot_string(local)) return std::string(local);
    std::string quoted = "\"";
    for (const char c : local) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted += '"';
}

bool is_label(std::string_view label) {
    return !label.empty() && all_in(labels, label);
}

// Labels with dots between; one dot at the end names the same domain and goes out as given.
bool is_domain(std::string_view domain) {
    if (domain.size() > 1 && domain.back() == '.') domain.remove_suffix(1);
    for (;;) {
        const std::size_t dot = domain.find('.');
        if (!is_label(domain.substr(0, dot))) return false;
        if (dot == domain.npos) return true;
        domain.remove_prefix(dot + 1);
    }
}

bool is_literal(std::string_view domain) {
    return domain.size() > 2 && domain.front() == '[' && domain.back() == ']' &&
           IpAddress::parse_literal(domain.substr(1, domain.size() - 2)).has_value();
}

tl::unexpected<std::string> wrong(std::string_view why) {
    return tl::unexpected<std::string>(std::string(why));
}

}  // namespace

std::string Path::wire() const {
    return has_at ? concat(local, '@', domain) : local;
}

std::string Path::raw() const {
    // Only what was quoted here begins with a quote: no atom may.
    if (!has_at || !local.starts_with('"')) return wire();
    std::string bare;
    for (std::size_t i = 1; i + 1 < local.size(); ++i) {
        if (local[i] == '\\') ++i;
        bare += local[i];
    }
    return concat(bare, '@', domain);
}

bool Path::local_is_internationalised() const { return has_8bit(local); }

tl::expected<Path, std::string> parse_address(std::string_view address) {
    if (std::ranges::any_of(address, is_control)) return wrong("it holds a control character");
    if (!is_utf8(address)) return wrong("it holds 8-bit bytes that are not UTF-8");
    Path path;
    const std::size_t at = address.rfind('@');
    // qmail: the null sender and the sender of double bounces are no mailboxes and stay as given.
    if (address.empty() || address == "#@[]" || at == address.npos) {
        if (address.find_first_of(" <>") != address.npos)
            return wrong(
                "without '@' it cannot be quoted, and a blank or angle bracket would end it");
        path.local = address;
    } else {
        path.has_at = true;
        path.local = quoted_where_needed(address.substr(0, at));
        path.domain = address.substr(at + 1);
        if (path.domain.empty()) return wrong("no domain follows the '@'");
        if (!is_domain(path.domain) && !is_literal(path.domain))
            return wrong("what follows the '@' is neither a domain name nor an address literal");
    }
    if (path.local.size() + (path.has_at ? 1 : 0) + path.domain.size() > longest_address)
        return wrong(concat("it is longer than ", longest_address, " bytes"));
    return path;
}

bool is_utf8(std::string_view text) {
    if (!has_8bit(text)) return true;
    while (!text.empty()) {
        const auto first = static_cast<unsigned char>(text.front());
        const std::size_t length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2
                                   : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
        if (length == 0 || length > text.size()) return false;
        for (std::size_t i = 1; i < length; ++i)
            if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return false;
        if (length > 1) {
            const auto second = static_cast<unsigned char>(text[1]);
            if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
                return false;
        }
        text.remove_prefix(length);
    }
    return true;
}

}  // namespace tern::smtp

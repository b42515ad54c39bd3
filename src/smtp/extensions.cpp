// Reads the reply to EHLO; see extensions.hpp.
#include "smtp/extensions.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"

namespace tern::smtp {
namespace {

// In the order of Extension.
constexpr std::array<std::string_view, 9> keywords = {
    "STARTTLS", "PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES",
    "SIZE",     "AUTH",       "LIMITS"};

constexpr std::size_t longest_mechanism_list = 512;  // bytes; the known ones need about 100

// RFC 9422 4: up to six digits, the first not 0; what is malformed or unknown is passed over.
void add_limit(std::string_view limit, Limits& to) {
    constexpr std::size_t most_digits = 6;
    const std::size_t equals = std::min(limit.find('='), limit.size());
    const std::string_view name = limit.substr(0, equals);
    const std::string_view digits = limit.substr(std::min(equals + 1, limit.size()));
    if (digits.empty() || digits.size() > most_digits || digits.front() == '0' ||
        !std::ranges::all_of(digits, is_digit))
        return;
    const auto number = static_cast<std::uint32_t>(*leading_number(digits, UINT32_MAX));
    if (equal_ignoring_case(name, "MAILMAX")) to.transactions = number;
    else if (equal_ignoring_case(name, "RCPTMAX")) to.recipients = number;
    else if (equal_ignoring_case(name, "RCPTDOMAINMAX")) to.domains = number;
}

void add_limits(std::string_view value, Limits& to) {
    while (!value.empty()) {
        const std::string_view limit = value.substr(0, value.find(' '));
        value.remove_prefix(std::min(value.size(), limit.size() + 1));
        add_limit(limit, to);
    }
}

// Some servers say both "AUTH PLAIN" and, for clients of the nineties, "AUTH=LOGIN".
void add_mechanisms(std::string_view value, std::string& to) {
    if (to.size() + 1 + value.size() > longest_mechanism_list) return;
    if (!to.empty()) to += ' ';
    to += value;
}

void add_keyword(std::string_view keyword, std::string_view value, Extensions& to) {
    const std::optional<Extension> extension = extension_of(keyword);
    if (!extension) return;
    switch (*extension) {
        case Extension::start_tls: to.start_tls = true; break;
        case Extension::pipelining: to.pipelining = true; break;
        case Extension::chunking: to.chunking = true; break;
        case Extension::eight_bit_mime: to.eight_bit_mime = true; break;
        case Extension::smtputf8: to.smtputf8 = true; break;
        case Extension::enhanced_status_codes: to.enhanced_status_codes = true; break;
        case Extension::auth: add_mechanisms(value, to.auth_mechanisms); break;
        case Extension::limits: add_limits(value, to.limits); break;
        case Extension::size:
            to.size = true;
            to.size_limit = leading_number(value, UINT64_MAX).value_or(0);
    }
}

}  // namespace

std::string_view keyword_of(Extension extension) {
    return keywords[static_cast<std::size_t>(extension)];
}

std::optional<Extension> extension_of(std::string_view keyword) {
    for (std::size_t i = 0; i < keywords.size(); ++i)
        if (equal_ignoring_case(keyword, keywords[i])) return static_cast<Extension>(i);
    return std::nullopt;
}

std::string ExtensionSet::keywords() const {
    std::string all;
    for (std::size_t i = 0; i < smtp::keywords.size(); ++i) {
        if (!has(static_cast<Extension>(i))) continue;
        if (!all.empty()) all += ", ";
        all += smtp::keywords[i];
    }
    return all;
}

Extensions without(Extensions offered, const ExtensionSet& ignored) {
    if (ignored.empty()) return offered;
    const auto leave_out = [&ignored](Extension extension, auto& field) {
        if (ignored.has(extension)) field = {};
    };
    leave_out(Extension::pipelining, offered.pipelining);
    leave_out(Extension::chunking, offered.chunking);
    leave_out(Extension::eight_bit_mime, offered.eight_bit_mime);
    leave_out(Extension::smtputf8, offered.smtputf8);
    leave_out(Extension::enhanced_status_codes, offered.enhanced_status_codes);
    leave_out(Extension::size, offered.size);
    leave_out(Extension::size, offered.size_limit);
    leave_out(Extension::auth, offered.auth_mechanisms);
    leave_out(Extension::limits, offered.limits);
    return offered;
}

Extensions parse_extensions(std::string_view reply_text) {
    Extensions offered;
    bool greeting = true;
    while (!reply_text.empty()) {
        const std::string_view line = reply_text.substr(0, reply_text.find('\n'));
        reply_text.remove_prefix(std::min(reply_text.size(), line.size() + 1));
        if (greeting || line.size() < 5) {
            greeting = false;
            continue;
        }
        const std::string_view offer = line.substr(4);
        // Servers of the nineties wrote "AUTH=LOGIN"; clients still meet them.
        const std::size_t end = std::min(offer.find_first_of(" ="), offer.size());
        add_keyword(offer.substr(0, end), offer.substr(std::min(end + 1, offer.size())), offered);
    }
    return offered;
}

}  // namespace tern::smtp

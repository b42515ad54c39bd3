// Reads the reply to EHLO; see extensions.hpp.
#include "smtp/extensions.hpp"

#include <algorithm>

#include "base/ascii.hpp"

namespace tern::smtp {
namespace {

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
    const auto is = [keyword](std::string_view name) { return equal_ignoring_case(keyword, name); };
    if (is("STARTTLS")) to.start_tls = true;
    else if (is("PIPELINING")) to.pipelining = true;
    else if (is("CHUNKING")) to.chunking = true;
    else if (is("8BITMIME")) to.eight_bit_mime = true;
    else if (is("SMTPUTF8")) to.smtputf8 = true;
    else if (is("ENHANCEDSTATUSCODES")) to.enhanced_status_codes = true;
    else if (is("AUTH")) add_mechanisms(value, to.auth_mechanisms);
    else if (is("LIMITS")) add_limits(value, to.limits);
    else if (is("SIZE")) {
        to.size = true;
        to.size_limit = leading_number(value, UINT64_MAX).value_or(0);
    }
}

}  // namespace

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

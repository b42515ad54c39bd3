// Keys of routes that match no mail, and lines that never decide; see check.hpp.
#include "base/lines.hpp"
#include "base/text.hpp"
#include "dns/domain.hpp"
#include "routing/check.hpp"
#include "routing/control_lines.hpp"
#include "routing/host_port.hpp"

namespace tern::routing {
namespace {

// The argument loses its final dot before it is compared, so a key that has one matches nothing.
bool is_domain_or_literal(std::string_view domain) {
    if (domain.starts_with('[') && parse_address(domain)) return true;
    return !domain.ends_with('.') && dns::Domain::parse(domain);
}

std::optional<std::string> what_is_wrong_with_domain(std::string_view key) {
    if (key == null_sender_key) return std::nullopt;
    const std::string_view name = key.starts_with('.') ? key.substr(1) : key;
    if (is_domain_or_literal(name)) return std::nullopt;
    if (name == "*") return concat(in_quotes(key), " matches nothing (write :relay for all mail)");
    if (name.starts_with('@') && is_domain_or_literal(name.substr(1)))
        return concat(in_quotes(key), " matches nothing (write ", in_quotes(name.substr(1)), ")");
    if (name.starts_with("*.") && is_domain_or_literal(name.substr(2)))
        return concat(in_quotes(key), " matches nothing (write ", in_quotes(name.substr(1)),
                      " for all hosts below a domain)");
    if (name.ends_with('.') && is_domain_or_literal(name.substr(0, name.size() - 1)))
        return concat(in_quotes(key), " matches nothing (remove its final dot)");
    return concat(in_quotes(key),
                  " is not a domain name and matches nothing (write domain:relay "
                  "without blanks)");
}

std::optional<std::string> what_is_wrong_with_sender(std::string_view key) {
    const std::string plain = unquoted(key);
    const std::size_t at = plain.rfind('@');
    const std::string_view domain = std::string_view(plain).substr(at == plain.npos ? 0 : at + 1);
    // qmail's own double bounces come from #@[].
    const bool has_domain = is_domain_or_literal(domain) || domain == "[]";
    if (at != plain.npos && has_domain) return std::nullopt;
    const bool end_of_domain = at == plain.npos && domain.starts_with('.');
    if (end_of_domain && is_domain_or_literal(domain.substr(1))) return std::nullopt;
    if (at == plain.npos && has_domain)
        return concat(in_quotes(key), " matches nothing (write @", domain,
                      " for all senders of a domain)");
    return concat(in_quotes(key),
                  " matches nothing (write a sender's address, or its end from an @ "
                  "or a dot on)");
}

}  // namespace

std::optional<std::string> what_is_wrong_with_key(std::string_view key, Keys keys) {
    if (key.empty()) return std::nullopt;
    return keys == Keys::senders ? what_is_wrong_with_sender(key) : what_is_wrong_with_domain(key);
}

DecidingLines::DecidingLines(std::string_view content, Keys keys) : keys_(keys) {
    for (Lines lines(content); lines.next();)
        if (const auto line = split_route(lines.line(), lines.number(), keys))
            last_[canonical_key(line->key, keys)] = line->number;
}

std::size_t DecidingLines::number_for(const RouteLine& line) const {
    const auto last = last_.find(canonical_key(line.key, keys_));
    return last == last_.end() ? 0 : last->second;
}

}  // namespace tern::routing

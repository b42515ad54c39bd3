// Finds the line of a file of routes that decides; see route_line.hpp.
#include "routing/route_line.hpp"

#include <cstring>

#include "base/ascii.hpp"
#include "base/ip.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "dns/domain.hpp"

namespace tern::routing {
namespace {

// How well `key` fits: the bytes of `whole` it covers, or nothing. The empty key fits all. A key
// that covers an end alone begins with one of `separators`.
std::optional<std::size_t> fit(std::string_view key, std::string_view whole,
                               std::string_view separators) {
    if (key.empty()) return 0;
    if (key.size() > whole.size() || to_lower(key.back()) != to_lower(whole.back()))
        return std::nullopt;
    if (key.size() < whole.size() && separators.find(key.front()) == separators.npos)
        return std::nullopt;
    if (!equal_ignoring_case(key, whole.substr(whole.size() - key.size()))) return std::nullopt;
    return key.size();
}

std::string_view without_last_dot(std::string_view name) {
    if (name.size() > 1 && name.back() == '.') name.remove_suffix(1);
    return name;
}

// Behind the quotation mark that closes a quoted local part; npos where none does.
std::size_t behind_quotes(std::string_view line) {
    for (std::size_t at = 1; at < line.size(); ++at) {
        if (line[at] == '\\') ++at;
        else if (line[at] == '"') return at + 1;
    }
    return line.npos;
}

std::size_t end_of_sender_key(std::string_view line) {
    std::size_t from = 0;
    if (line.starts_with('"')) {
        from = behind_quotes(line);
        if (from == line.npos) from = 0;
    }
    const std::size_t colon = line.find(':', from);
    // RFC 5321 4.1.3: the colons of an address literal are its own.
    const std::size_t literal = line.find("@[", from);
    if (literal < colon) {
        const std::size_t close = line.find("]:", literal);
        if (close != line.npos) return close + 1;
    }
    return colon;
}

// npos for a comment and where there is no such colon.
std::size_t end_of_key(std::string_view line, Keys keys) {
    if (line.starts_with('#')) return line.npos;
    return keys == Keys::domains ? end_of_domain_key(line) : end_of_sender_key(line);
}

// The best line among those that pass the sieve; `measure` judges their keys.
template <class Measure>
std::optional<RouteLine> find_best(std::string_view content, Keys keys, const KeySieve& sieve,
                                   Measure measure) {
    std::optional<RouteLine> best;
    std::size_t best_fit = 0;
    for (ControlLines lines(content); lines.next();) {
        const std::string_view line = lines.line();
        if (!sieve.passes(line)) continue;
        const std::size_t colon = end_of_key(line, keys);
        if (colon == line.npos) continue;
        const std::optional<std::size_t> covered = measure(line.substr(0, colon));
        if (!covered || (best && *covered < best_fit)) continue;
        best_fit = *covered;
        best = split_route(line, lines.number(), keys);
    }
    return best;
}

// qmail hands addresses over without the quoting of RFC 5321 4.1.2.
std::string unquoted(std::string_view key) {
    const std::size_t end = key.starts_with('"') ? behind_quotes(key) : key.npos;
    if (end == key.npos) return std::string(key);
    std::string plain;
    for (std::size_t at = 1; at + 1 < end; ++at) {
        if (key[at] == '\\') ++at;
        plain += key[at];
    }
    return plain.append(key.substr(end));
}

bool is_literal(std::string_view domain) {
    return domain.size() > 2 && domain.starts_with('[') && domain.ends_with(']') &&
           IpAddress::parse_literal(domain.substr(1, domain.size() - 2));
}

// The argument loses its last dot before it is compared, so a key that has one fits nothing.
bool is_domain_or_literal(std::string_view domain) {
    return is_literal(domain) || (!domain.ends_with('.') && dns::Domain::parse(domain));
}

std::optional<std::string> what_is_wrong_with_domain(std::string_view key) {
    if (key == null_sender_key) return std::nullopt;
    const std::string_view name = key.starts_with('.') ? key.substr(1) : key;
    if (is_domain_or_literal(name)) return std::nullopt;
    if (name == "*") return text(in_quotes(key), " matches nothing (write :relay for all mail)");
    if (name.starts_with('@') && is_domain_or_literal(name.substr(1)))
        return text(in_quotes(key), " matches nothing (write ", in_quotes(name.substr(1)), ")");
    if (name.starts_with("*.") && is_domain_or_literal(name.substr(2)))
        return text(in_quotes(key), " matches nothing (write ", in_quotes(name.substr(1)),
                    " for all hosts below a domain)");
    if (name.ends_with('.') && is_domain_or_literal(name.substr(0, name.size() - 1)))
        return text(in_quotes(key), " matches nothing (remove its final dot)");
    return text(in_quotes(key), " is not a domain name and matches nothing (write domain:relay "
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
        return text(in_quotes(key), " matches nothing (write @", domain,
                    " for all senders of a domain)");
    return text(in_quotes(key),
                " matches nothing (write a sender's address, or its end from an @ or "
                             "a dot on)");
}

}  // namespace

// The first eight bytes of what has as many, their case folded: equal for texts that are equal
// ignoring case, and for few others.
std::uint64_t KeySieve::head_of(std::string_view text) {
    constexpr std::uint64_t case_bits = 0x2020202020202020;
    std::uint64_t head = 0;
    if (text.size() >= sizeof head) std::memcpy(&head, text.data(), sizeof head);
    return head | case_bits;
}

KeySieve::KeySieve(std::string_view whole, std::string_view separators, std::string_view other,
                   std::string_view always)
    : always_(always) {
    for (const char c : always) wanted_[index(c)] = true;
    add("");
    if (!other.empty()) add(other);
    for (std::size_t at = 0; at < whole.size(); ++at)
        if (at == 0 || separators.find(whole[at]) != separators.npos) add(whole.substr(at));
}

void KeySieve::add(std::string_view key) {
    const char first = key.empty() ? ':' : to_lower(key.front());
    wanted_[index(first)] = true;
    const bool letter = first >= 'a' && first <= 'z';
    if (letter) wanted_[index(static_cast<char>(first - 'a' + 'A'))] = true;
    if (count_ < keys_.size()) keys_[count_] = Key{key.size(), head_of(key)};
    ++count_;
}

bool KeySieve::passes(std::string_view line) const {
    if (line.empty() || !wanted_[index(line.front())]) return false;
    if (count_ > keys_.size()) return true;
    for (std::size_t i = 0; i < count_; ++i) {
        const Key& key = keys_[i];
        if (key.size >= line.size() || line[key.size] != ':') continue;
        if (key.head == head_of(line.substr(0, key.size))) return true;
    }
    return always_.find(line.front()) != always_.npos;
}

HostSieve::HostSieve(std::string_view host) {
    host = without_last_dot(host);
    sieves_.emplace_back(host, ".", null_sender_key, "");
    if (!has_8bit(host)) return;
    if (const std::optional<dns::Domain> domain = dns::Domain::parse(host))
        sieves_.emplace_back(domain->ascii(), ".", null_sender_key, "");
}

std::size_t end_of_domain_key(std::string_view line) {
    if (line.starts_with('[')) {
        const std::size_t end = line.find("]:");
        if (end != line.npos) return end + 1;
    }
    return line.find(':');
}

std::optional<RouteLine> split_route(std::string_view line, std::size_t number, Keys keys) {
    const std::size_t colon = end_of_key(line, keys);
    if (colon == line.npos) return std::nullopt;
    return RouteLine{line.substr(0, colon), without_trailing_blanks(line.substr(colon + 1)),
                     number};
}

std::optional<RouteLine> find_route_of_host(std::string_view content, std::string_view host,
                                            std::string_view sender) {
    if (content.empty()) return std::nullopt;
    host = without_last_dot(host);
    const auto measure = [host, sender](std::string_view key) -> std::optional<std::size_t> {
        if (key != null_sender_key) return fit(key, host, ".");
        if (!sender.empty()) return std::nullopt;
        return host.size() + 1;
    };
    return find_best(content, Keys::domains, KeySieve(host, ".", null_sender_key, ""), measure);
}

std::optional<RouteLine> find_route_of_sender(std::string_view content, std::string_view sender) {
    if (content.empty()) return std::nullopt;
    sender = without_last_dot(sender);
    const auto measure = [sender](std::string_view key) {
        return key.starts_with('"') ? fit(unquoted(key), sender, "@.") : fit(key, sender, "@.");
    };
    return find_best(content, Keys::senders, KeySieve(sender, "@.", "", "\""), measure);
}

std::string canonical_key(std::string_view key, Keys keys) {
    return lower(keys == Keys::senders ? unquoted(key) : std::string(key));
}

std::optional<std::string> what_is_wrong_with_key(std::string_view key, Keys keys) {
    if (key.empty()) return std::nullopt;
    return keys == Keys::senders ? what_is_wrong_with_sender(key) : what_is_wrong_with_domain(key);
}

}  // namespace tern::routing

// Where keys end; see route_key.hpp.
#include "routing/route_key.hpp"

#include "base/ascii.hpp"

namespace tern::routing {
namespace {

// After the quotation mark that closes a quoted local part; npos where none does.
std::size_t end_of_quotes(std::string_view line) {
    for (std::size_t at = 1; at < line.size(); ++at) {
        if (line[at] == '\\') ++at;
        else if (line[at] == '"') return at + 1;
    }
    return line.npos;
}

}  // namespace

std::size_t end_of_domain_key(std::string_view line) {
    if (line.starts_with('[')) {
        const std::size_t end = line.find("]:");
        if (end != line.npos) return end + 1;
    }
    return line.find(':');
}

std::size_t end_of_sender_key(std::string_view line) {
    std::size_t from = 0;
    if (line.starts_with('"')) {
        from = end_of_quotes(line);
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

// qmail passes addresses without the quoting of RFC 5321 4.1.2.
std::string unquoted(std::string_view key) {
    const std::size_t end = key.starts_with('"') ? end_of_quotes(key) : key.npos;
    if (end == key.npos) return std::string(key);
    std::string plain;
    for (std::size_t at = 1; at + 1 < end; ++at) {
        if (key[at] == '\\') ++at;
        plain += key[at];
    }
    return plain.append(key.substr(end));
}

std::string canonical_key(std::string_view key, Keys keys) {
    return lower(keys == Keys::senders ? unquoted(key) : std::string(key));
}

}  // namespace tern::routing

// Finds source addresses and EHLO names; see source.hpp. source_lines knows the grammar.
#include "routing/source.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/source_lines.hpp"

namespace tern::routing {
namespace {

tl::unexpected<Failure> malformed(const Origin& origin, std::string_view what) {
    return fail(Stage::start, Cause::control_file, concat(origin.to_string(), ": ", what));
}

// 0.0.0.0 and :: leave the choice to the system.
std::optional<IpAddress> unless_unspecified(const IpAddress& address) {
    const auto& bytes = address.bytes();
    if (std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; }))
        return std::nullopt;
    return address;
}

// The domain of the sender; empty for the null sender and for an address without one.
std::string_view domain_of(std::string_view sender) {
    const std::size_t at = sender.rfind('@');
    return at == sender.npos ? std::string_view() : comparable_domain(sender.substr(at + 1));
}

/// A line of domainips and its number.
struct Found {
    DomainLine line;
    std::size_t number = 0;
};

std::optional<Found> find_domain_line(std::string_view content, std::string_view domain,
                                      Family family) {
    std::optional<Found> own;
    std::optional<Found> of_all;
    for (Lines lines(content); lines.next();) {
        const std::string_view line = lines.line();
        const bool may_be_own = !line.empty() && !domain.empty() &&
                                to_lower(line.front()) == to_lower(domain.front());
        if (!may_be_own && !line.starts_with(all_senders)) continue;
        const std::optional<DomainLine> read = split_domain_line(line);
        if (!read || !read->is_of(family)) continue;
        if (read->key == all_senders) of_all = Found{*read, lines.number()};
        else if (!domain.empty() && equal_ignoring_case(comparable_domain(read->key), domain))
            own = Found{*read, lines.number()};
    }
    return own ? own : of_all;
}

}  // namespace

std::optional<FamilyChoice> family_choice_of(std::string_view word) {
    if (word.empty() || word == "ipv4") return FamilyChoice::ipv4_first;
    if (word == "ipv6") return FamilyChoice::ipv6_first;
    if (word == "ipv4only") return FamilyChoice::ipv4_only;
    if (word == "ipv6only") return FamilyChoice::ipv6_only;
    return std::nullopt;
}

Result<Source> find_source(const SourceFiles& files, const Route& route, std::string_view sender,
                           Family family) {
    const auto& own = family == Family::ipv4 ? route.source_ipv4 : route.source_ipv6;
    if (own) {
        const std::size_t line =
            family == Family::ipv4 ? route.source_ipv4_line : route.source_ipv6_line;
        return Source{unless_unspecified(*own), "", Origin{route.origin.file, line}};
    }
    if (const auto found = find_domain_line(files.domainips, domain_of(sender), family)) {
        const Origin origin{std::string(domainips_file), found->number};
        if (found->line.mistake) return malformed(origin, *found->line.mistake);
        return Source{unless_unspecified(*found->line.address),
                      std::string(found->line.hello_name), origin};
    }
    const auto outgoing =
        parse_outgoing(family == Family::ipv4 ? files.outgoingip : files.outgoingip6, family);
    const Origin origin{std::string(outgoing_file(family)), 1};
    if (!outgoing) return malformed(origin, outgoing.error());
    if (!*outgoing) return Source();
    return Source{unless_unspecified(**outgoing), "", origin};
}

FamilyChoice find_families(const SourceFiles& files, const Route& route, std::string_view sender,
                           FamilyChoice preference) {
    // contract.md#outgoingip: an IPv6 address that was not configured has no PTR record, as a rule,
    // and mail from it is rejected.
    if (preference != FamilyChoice::ipv4_first) return preference;
    // A line that is malformed chose as well.
    const Result<Source> ipv4 = find_source(files, route, sender, Family::ipv4);
    if (ipv4 && !ipv4->address) return preference;
    const Result<Source> ipv6 = find_source(files, route, sender, Family::ipv6);
    const bool is_ipv6_left_open = ipv6 && ipv6->origin.file.empty();
    return is_ipv6_left_open ? FamilyChoice::ipv4_by_source : preference;
}

Result<std::optional<std::string>> find_hello_name(std::string_view helohostbyip,
                                                   const IpAddress& local) {
    std::optional<HelloLine> best;
    std::size_t number = 0;
    for (Lines lines(helohostbyip); lines.next();) {
        const std::optional<HelloLine> read = split_hello_line(lines.line());
        if (!read || read->address != local) continue;
        best = read;
        number = lines.number();
    }
    if (!best) return std::nullopt;
    if (!is_hello_name(best->name))
        return malformed(Origin{std::string(helohostbyip_file), number},
                         what_is_wrong_with_hello_name(best->name));
    return std::string(best->name);
}

Result<std::string> hello_name_for(const SourceFiles& files, const Source& source,
                                   const std::string& usual, const IpAddress& local) {
    if (!source.hello_name.empty()) return source.hello_name;
    return find_hello_name(files.helohostbyip, local)
        .map([&usual](std::optional<std::string>&& name) {
            return std::move(name).value_or(usual);
        });
}

}  // namespace tern::routing

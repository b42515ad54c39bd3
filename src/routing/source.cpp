// Finds source addresses and hello names; see sources.hpp. Each file's check uses the parser that
// finds.
#include "routing/source.hpp"

#include <algorithm>
#include <map>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "routing/relay_list.hpp"
#include "routing/route_line.hpp"

namespace tern::routing {
namespace {

constexpr std::string_view domainips_file = "control/domainips";
constexpr std::string_view helohostbyip_file = "control/helohostbyip";
constexpr std::string_view all_senders = "*";

std::string_view file_of(Family family) {
    return family == Family::ipv4 ? "control/outgoingip" : "control/outgoingip6";
}

std::string_view name_of(Family family) { return family == Family::ipv4 ? "IPv4" : "IPv6"; }

tl::unexpected<Failure> malformed(const Origin& origin, std::string_view what) {
    return fail(Stage::start, Cause::control_file, text(origin.to_string(), ": ", what));
}

// 0.0.0.0 and :: leave the choice to the system.
std::optional<IpAddress> unless_unspecified(const IpAddress& address) {
    const auto& bytes = address.bytes();
    if (std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; }))
        return std::nullopt;
    return address;
}

std::optional<IpAddress> address_in(std::string_view text) {
    return parse_address(without_leading_blanks(without_trailing_blanks(text)));
}

std::string wrong_hello(std::string_view name) {
    return name.empty() ? "the EHLO name is empty"
                        : "the EHLO name contains a byte that is not printable ASCII";
}

/// `key:ip[|helohost]` of domainips.
struct DomainLine {
    std::string_view key;
    std::optional<IpAddress> address;
    std::string_view hello_name;
    bool may_be_ipv4 = true;  ///< what is no address may have been meant as either
    bool may_be_ipv6 = true;
    std::optional<std::string> wrong;

    [[nodiscard]] bool is_of(Family family) const {
        return family == Family::ipv4 ? may_be_ipv4 : may_be_ipv6;
    }
};

std::optional<DomainLine> split_domain_line(std::string_view line) {
    if (line.starts_with('#')) return std::nullopt;
    const std::size_t colon = end_of_domain_key(line);
    if (colon == line.npos) return std::nullopt;
    const std::string_view value = without_trailing_blanks(line.substr(colon + 1));
    const std::size_t bar = value.find('|');
    const std::string_view address = value.substr(0, bar);
    DomainLine read;
    read.key = line.substr(0, colon);
    read.address = address_in(address);
    if (read.address) {
        read.may_be_ipv4 = read.address->family() == Family::ipv4;
        read.may_be_ipv6 = !read.may_be_ipv4;
    } else {
        const auto of_ipv4 = [](char c) { return is_digit(c) || c == '.'; };
        read.may_be_ipv6 = address.empty() || !std::ranges::all_of(address, of_ipv4);
        read.wrong = text(in_quotes(address), " is not an IP address (write domain:address or "
                                           "domain:address|helohost)");
    }
    if (bar == value.npos) return read;
    read.hello_name = value.substr(bar + 1);
    if (!read.wrong && !is_hello_name(read.hello_name)) read.wrong = wrong_hello(read.hello_name);
    return read;
}

std::string_view without_last_dot(std::string_view domain) {
    return domain.ends_with('.') ? domain.substr(0, domain.size() - 1) : domain;
}

// The domain of the sender; empty for the null sender and for an address without one.
std::string_view domain_of(std::string_view sender) {
    const std::size_t at = sender.rfind('@');
    return at == sender.npos ? std::string_view() : without_last_dot(sender.substr(at + 1));
}

/// A line of domainips and where it stands.
struct Found {
    DomainLine line;
    std::size_t number = 0;
};

std::optional<Found> find_domain_line(std::string_view content, std::string_view domain,
                                      Family family) {
    std::optional<Found> own;
    std::optional<Found> of_all;
    for (ControlLines lines(content); lines.next();) {
        const std::string_view line = lines.line();
        const bool may_be_own = !line.empty() && !domain.empty() &&
                                to_lower(line.front()) == to_lower(domain.front());
        if (!may_be_own && !line.starts_with(all_senders)) continue;
        const std::optional<DomainLine> read = split_domain_line(line);
        if (!read || !read->is_of(family)) continue;
        if (read->key == all_senders) of_all = Found{*read, lines.number()};
        else if (!domain.empty() && equal_ignoring_case(without_last_dot(read->key), domain))
            own = Found{*read, lines.number()};
    }
    return own ? own : of_all;
}

// What outgoingip or outgoingip6 says; nothing for an empty file, as the combined patch leaves one.
tl::expected<std::optional<IpAddress>, std::string> parse_outgoing(std::string_view content,
                                                                   Family family) {
    const std::string_view line = without_trailing_blanks(content.substr(0, content.find('\n')));
    if (line.empty()) return std::nullopt;
    const std::optional<IpAddress> address = address_in(line);
    if (!address && address_in(line.substr(0, line.find_first_of(" \t"))))
        return tl::unexpected(text(in_quotes(line), " is followed by other text (remove it)"));
    if (!address)
        return tl::unexpected(
            text(in_quotes(line), " is not an IP address (the first line must be one ",
                 name_of(family), " address)"));
    if (address->family() != family)
        return tl::unexpected(text(in_quotes(line), " is not an ", name_of(family),
                                   " address (write it into ", file_of(address->family()), ")"));
    return address;
}

/// `localip:helohost`.
struct HelloLine {
    std::string_view key;
    std::optional<IpAddress> address;
    std::string_view name;
};

// An IPv6 address without brackets ends at the last colon, or where a literal begins that is the
// hello name; in front of an IPv4 address there is no choice.
std::size_t end_of_address(std::string_view line) {
    if (line.starts_with('[')) return end_of_domain_key(line);
    const std::size_t first = line.find(':');
    if (address_in(line.substr(0, first))) return first;
    const std::size_t literal = line.find(":[");
    return literal == line.npos ? line.rfind(':') : literal;
}

std::optional<HelloLine> split_hello_line(std::string_view line) {
    if (line.starts_with('#')) return std::nullopt;
    const std::size_t colon = end_of_address(line);
    if (colon == line.npos) return std::nullopt;
    const std::string_view key = line.substr(0, colon);
    return HelloLine{key, address_in(key), without_trailing_blanks(line.substr(colon + 1))};
}

class Notes {
public:
    explicit Notes(std::string_view file) : file_(file) {}
    void add(std::size_t line, std::string what) {
        mistakes_.push_back(Mistake{Origin{file_, line}, std::move(what)});
    }
    /// Of a line that decides nothing, and so defers nothing.
    void add_idle(std::size_t line, std::string what) {
        mistakes_.push_back(Mistake{Origin{file_, line}, std::move(what), false});
    }
    void add_overridden(std::size_t line, std::size_t by) {
        add_idle(line, text("line ", by, " matches the same mail and overrides it (remove one of "
                                         "the two)"));
    }
    std::vector<Mistake> take() { return std::move(mistakes_); }

private:
    std::string file_;
    std::vector<Mistake> mistakes_;
};

std::optional<std::string> what_is_wrong_with_domain(std::string_view key) {
    if (key == all_senders) return std::nullopt;
    if (key.empty()) return "the line has no domain (write * for all senders)";
    if (key.starts_with('.') || key == null_sender_key)
        return text(in_quotes(key), " matches no sender (write a whole domain or *)");
    return what_is_wrong_with_key(without_last_dot(key), Keys::domains);
}

}  // namespace

bool is_hello_name(std::string_view name) {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return c >= ' ' && c <= '~'; });
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
        if (found->line.wrong) return malformed(origin, *found->line.wrong);
        return Source{unless_unspecified(*found->line.address),
                      std::string(found->line.hello_name), origin};
    }
    const auto outgoing =
        parse_outgoing(family == Family::ipv4 ? files.outgoingip : files.outgoingip6, family);
    const Origin origin{std::string(file_of(family)), 1};
    if (!outgoing) return malformed(origin, outgoing.error());
    if (!*outgoing) return Source();
    return Source{unless_unspecified(**outgoing), "", origin};
}

FamilyChoice find_families(const SourceFiles& files, const Route& route, std::string_view sender,
                           FamilyChoice preference) {
    // contract.md#outgoingip: an IPv6 address that was not configured has no
    // PTR record, as a rule, and mail from it is rejected.
    if (preference != FamilyChoice::ipv4_first) return preference;
    // A line that is malformed chose as well.
    const Result<Source> ipv4 = find_source(files, route, sender, Family::ipv4);
    if (ipv4 && !ipv4->address) return preference;
    const Result<Source> ipv6 = find_source(files, route, sender, Family::ipv6);
    const bool says_nothing_of_ipv6 = ipv6 && ipv6->origin.file.empty();
    return says_nothing_of_ipv6 ? FamilyChoice::ipv4_by_source : preference;
}

Result<std::optional<std::string>> find_hello_name(std::string_view helohostbyip,
                                                   const IpAddress& local) {
    std::optional<HelloLine> best;
    std::size_t number = 0;
    for (ControlLines lines(helohostbyip); lines.next();) {
        const std::optional<HelloLine> read = split_hello_line(lines.line());
        if (!read || read->address != local) continue;
        best = read;
        number = lines.number();
    }
    if (!best) return std::nullopt;
    if (!is_hello_name(best->name))
        return malformed(Origin{std::string(helohostbyip_file), number}, wrong_hello(best->name));
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

std::vector<Mistake> check_outgoingip(std::string_view content, Family family) {
    Notes notes(file_of(family));
    if (const auto outgoing = parse_outgoing(content, family); !outgoing)
        notes.add(1, outgoing.error());
    for (ControlLines lines(content); lines.next();)
        if (lines.number() > 1 && !says_nothing(lines.line())) {
            notes.add_idle(lines.number(), "the line is ignored (only the first line counts)");
            break;
        }
    return notes.take();
}

std::vector<Mistake> check_domainips(std::string_view content) {
    Notes notes(domainips_file);
    std::map<std::pair<std::string, Family>, std::size_t> last;
    const auto key_of = [](const DomainLine& line) { return lower(without_last_dot(line.key)); };
    const auto each = [content](const auto& look) {
        for (ControlLines lines(content); lines.next();)
            if (!says_nothing(lines.line())) look(split_domain_line(lines.line()), lines.number());
    };
    each([&](const std::optional<DomainLine>& line, std::size_t number) {
        for (const Family family : {Family::ipv4, Family::ipv6})
            if (line && line->is_of(family)) last[{key_of(*line), family}] = number;
    });
    each([&](const std::optional<DomainLine>& line, std::size_t number) {
        if (!line)
            return notes.add_idle(number,
                                  "the line has no colon and is ignored (write domain:address)");
        if (auto what = what_is_wrong_with_domain(line->key)) notes.add_idle(number, *what);
        if (line->wrong) notes.add(number, *line->wrong);
        std::size_t by = 0;
        for (const Family family : {Family::ipv4, Family::ipv6})
            if (line->is_of(family)) by = std::max(by, last[{key_of(*line), family}]);
        // What may be of either family is overridden only where it is in both.
        const bool decides =
            (line->may_be_ipv4 && last[{key_of(*line), Family::ipv4}] == number) ||
            (line->may_be_ipv6 && last[{key_of(*line), Family::ipv6}] == number);
        if (!decides) notes.add_overridden(number, by);
    });
    return notes.take();
}

std::vector<Mistake> check_helohostbyip(std::string_view content) {
    Notes notes(helohostbyip_file);
    std::map<IpAddress, std::size_t> last;
    for (ControlLines lines(content); lines.next();)
        if (const auto line = split_hello_line(lines.line()); line && line->address)
            last[*line->address] = lines.number();
    for (ControlLines lines(content); lines.next();) {
        const std::size_t number = lines.number();
        if (says_nothing(lines.line())) continue;
        const std::optional<HelloLine> line = split_hello_line(lines.line());
        if (!line) {
            notes.add_idle(number, "the line has no colon and is ignored (write address:helohost)");
            continue;
        }
        if (!line->address)
            notes.add_idle(number, text(in_quotes(line->key), " is not an IP address, so the line "
                                                           "matches nothing (write "
                                                           "address:helohost)"));
        if (!is_hello_name(line->name)) notes.add(number, wrong_hello(line->name));
        if (line->address && last[*line->address] != number)
            notes.add_overridden(number, last[*line->address]);
    }
    return notes.take();
}

}  // namespace tern::routing

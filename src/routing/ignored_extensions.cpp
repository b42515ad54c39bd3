// Finds the extensions of a server that count as not offered; see ignored_extensions.hpp.
#include "routing/ignored_extensions.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "routing/control_lines.hpp"
#include "routing/relay_list.hpp"
#include "routing/route_line.hpp"

namespace tern::routing {
namespace {

constexpr std::string_view all_servers = "*";

/// `server:KEYWORD[,KEYWORD...]`.
struct Line {
    std::string_view server;
    std::string_view keywords;
};

// Keywords have no colon, IPv6 addresses do: the last one ends the server.
std::optional<Line> split(std::string_view line) {
    if (says_nothing(line)) return std::nullopt;
    const std::size_t colon = line.rfind(':');
    if (colon == line.npos) return std::nullopt;
    return Line{line.substr(0, colon), line.substr(colon + 1)};
}

// Names of servers are in A-labels.
bool is_name(std::string_view written, std::string_view name) {
    if (!has_8bit(written)) return equal_ignoring_case(written, name);
    const std::optional<dns::Domain> domain = dns::Domain::parse(written);
    return domain && domain->ascii() == name;
}

bool is_suffix(std::string_view written, std::string_view name) {
    if (!written.starts_with('.')) return false;
    for (std::size_t dot = name.find('.'); dot != name.npos; dot = name.find('.', dot + 1))
        if (is_name(written.substr(1), name.substr(dot + 1))) return true;
    return false;
}

bool is_of(std::string_view server, std::string_view name, const IpAddress& address) {
    if (server == all_servers) return true;
    if (!name.empty() && (is_name(server, name) || is_suffix(server, name))) return true;
    return parse_address(server) == address;
}

// Hands over each keyword of a list without the blanks around it.
template <class Take>
void each_keyword(std::string_view list, Take take) {
    for (;;) {
        const std::size_t comma = list.find(',');
        take(without_leading_blanks(without_trailing_blanks(list.substr(0, comma))));
        if (comma == list.npos) return;
        list.remove_prefix(comma + 1);
    }
}

std::optional<std::string> what_is_wrong_with_server(std::string_view server) {
    if (server == all_servers || parse_address(server)) return std::nullopt;
    if (server.empty()) return "the line names no server (write * for all servers)";
    return what_is_wrong_with_key(server, Keys::domains);
}

class Checker {
public:
    std::vector<Mistake> check(std::string_view content) {
        for (ControlLines lines(content); lines.next();) {
            number_ = lines.number();
            if (!says_nothing(lines.line())) check_line(split(lines.line()));
        }
        return std::move(mistakes_);
    }

private:
    void note(std::string what, bool grave = false) {
        mistakes_.push_back(Mistake{Origin{"control/ignoreextensions", number_}, std::move(what),
                                    false, grave});
    }

    void check_line(const std::optional<Line>& line) {
        if (!line)
            return note("the line has no colon and is ignored (write server:KEYWORD,KEYWORD)");
        if (auto what = what_is_wrong_with_server(line->server)) note(std::move(*what));
        each_keyword(line->keywords, [&](std::string_view keyword) {
            const std::optional<smtp::Extension> extension = smtp::extension_of(keyword);
            if (keyword.empty()) note("a keyword is missing (write server:KEYWORD,KEYWORD)");
            else if (!extension)
                note(text(in_quotes(keyword), " is not an extension that qmail-remote uses (these "
                                           "are PIPELINING, CHUNKING, 8BITMIME, SMTPUTF8, "
                                           "ENHANCEDSTATUSCODES, SIZE, AUTH and LIMITS)"));
            else if (*extension == smtp::Extension::start_tls)
                note("STARTTLS is not ignored by this file (create a file control/notlshosts/NAME "
                     "for each server to be used without TLS)", true);
        });
    }

    std::size_t number_ = 0;
    std::vector<Mistake> mistakes_;
};

}  // namespace

smtp::ExtensionSet find_ignored_extensions(std::string_view content, std::string_view name,
                                           const IpAddress& address) {
    smtp::ExtensionSet ignored;
    for (ControlLines lines(content); lines.next();) {
        const std::optional<Line> line = split(lines.line());
        if (!line || !is_of(line->server, name, address)) continue;
        each_keyword(line->keywords, [&ignored](std::string_view keyword) {
            const std::optional<smtp::Extension> extension = smtp::extension_of(keyword);
            // contract.md#ignoreextensions: STARTTLS cannot be listed.
            if (extension && *extension != smtp::Extension::start_tls) ignored.add(*extension);
        });
    }
    return ignored;
}

std::vector<Mistake> check_ignoreextensions(std::string_view content) {
    return Checker().check(content);
}

}  // namespace tern::routing

// Finds the extensions of a server that count as not offered; see ignored_extensions.hpp.
#include "routing/ignored_extensions.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "routing/check.hpp"
#include "routing/control_lines.hpp"
#include "routing/host_port.hpp"
#include "routing/key_match.hpp"

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
    if (is_blank_or_comment(line)) return std::nullopt;
    const std::size_t colon = line.rfind(':');
    if (colon == line.npos) return std::nullopt;
    return Line{line.substr(0, colon), line.substr(colon + 1)};
}

// Names of servers are in A-labels.
bool matches(std::string_view server, std::string_view name) {
    if (!has_8bit(server)) return !server.empty() && matched_bytes(server, name, ".");
    const std::optional<std::string> with_labels = with_a_labels(server);
    return with_labels && matched_bytes(*with_labels, name, ".");
}

bool is_of(std::string_view server, std::string_view name, const IpAddress& address) {
    if (server == all_servers) return true;
    if (!name.empty() && matches(server, name)) return true;
    return parse_address(server) == address;
}

// Passes on each keyword of a list without the blanks around it; an empty one too.
template <class Take>
void each_keyword(std::string_view list, Take take) {
    for (;;) {
        const std::size_t comma = list.find(',');
        take(trim(list.substr(0, comma)));
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
        for (Lines lines(content); lines.next();) {
            number_ = lines.number();
            if (!is_blank_or_comment(lines.line())) check_line(split(lines.line()));
        }
        return mistakes_.take();
    }

private:
    void note(std::string what, bool grave = false) {
        mistakes_.add_ignored(number_, std::move(what), grave);
    }

    void check_line(const std::optional<Line>& line) {
        if (!line)
            return note("the line has no colon and is ignored (write server:KEYWORD,KEYWORD)");
        if (auto what = what_is_wrong_with_server(line->server)) note(std::move(*what));
        each_keyword(line->keywords, [&](std::string_view keyword) {
            const std::optional<smtp::Extension> extension = smtp::extension_of(keyword);
            if (keyword.empty()) note("a keyword is missing (write server:KEYWORD,KEYWORD)");
            else if (!extension)
                note(concat(in_quotes(keyword),
                            " is not an extension that qmail-remote uses (these "
                            "are PIPELINING, CHUNKING, 8BITMIME, SMTPUTF8, "
                            "ENHANCEDSTATUSCODES, SIZE, AUTH and LIMITS)"));
            else if (*extension == smtp::Extension::start_tls)
                note("STARTTLS is not ignored by this file (create a file control/notlshosts/NAME "
                     "for each server to be used without TLS)", true);
        });
    }

    std::size_t number_ = 0;
    MistakeList mistakes_{"control/ignoreextensions"};
};

}  // namespace

smtp::ExtensionSet find_ignored_extensions(std::string_view content, std::string_view name,
                                           const IpAddress& address) {
    smtp::ExtensionSet ignored;
    for (Lines lines(content); lines.next();) {
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

// Files of routes with any host and sender: what find_route() gives is usable, and the line that
// defers is one that the check of its file names. Host, sender and each file end at a NUL.
#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "fuzz/tools.hpp"
#include "routing/check.hpp"
#include "routing/route_line.hpp"
#include "routing/route.hpp"

namespace {

using tern::routing::Mistake;
using Mistakes = std::vector<Mistake>;
using tern::fuzz::expect;
using tern::fuzz::take;

// Mistakes are in the order of lines, and each says something.
void expect_sound(const Mistakes& mistakes) {
    std::size_t line = 0;
    for (const Mistake& mistake : mistakes) {
        expect(!mistake.what.empty() && mistake.origin.line >= line);
        line = mistake.origin.line;
    }
}

bool names(const Mistakes& mistakes, std::string_view detail) {
    return std::any_of(mistakes.begin(), mistakes.end(), [detail](const Mistake& mistake) {
        return detail == tern::concat(mistake.origin.to_string(), ": ", mistake.what);
    });
}

void expect_usable(const tern::routing::Route& route) {
    for (const auto& relay : route.relays) expect(relay.port != 0);
    expect(!route.credentials || (!route.relays.empty() && !route.credentials->user.empty()));
    expect(!route.credentials || route.protocol == tern::routing::Protocol::smtp);
    expect(route.relays.empty() || !route.origin.file.empty());
    expect(route.protocol == tern::routing::Protocol::smtp || !route.relays.empty());
    expect(!route.source_ipv4 || route.source_ipv4->family() == tern::Family::ipv4);
    expect(!route.source_ipv6 || route.source_ipv6->family() == tern::Family::ipv6);
}

// The filter that makes the search fast drops no line that alone would decide.
void expect_same_line_by_line(std::string_view content, std::string_view host,
                              std::string_view sender) {
    const auto found = tern::routing::find_route_of_host(content, host, sender);
    std::size_t number = 0;
    std::optional<std::size_t> best;
    for (std::string_view rest = content; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        ++number;
        const auto alone = tern::routing::find_route_of_host(line, host, sender);
        if (!alone) continue;
        const std::size_t fit = alone->key == tern::routing::null_sender_key ? host.size() + 1
                                                                             : alone->key.size();
        if (best && fit < *best) continue;
        best = fit;
        expect(found && (found->number != number || found->value == alone->value));
    }
    expect(best.has_value() == found.has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest(reinterpret_cast<const char*>(data), size);
    const std::string_view host = take(rest);
    const std::string_view sender = take(rest);
    tern::routing::RouteFiles files;
    files.smtproutes = take(rest);
    files.authsenders = take(rest);
    files.qmtproutes = take(rest);
    const std::vector<std::string> file_names = tern::routing::route_file_names(host);
    expect(!file_names.empty() && file_names.back() == "default");
    for (const std::string& name : file_names)
        expect(!name.empty() && name.front() != '.' && name.find('/') == name.npos);
    if (!rest.empty())
        files.of_domain = tern::routing::RouteFiles::OfDomain{
            "control/smtproutes.d/" + file_names.front(), tern::WipedText(rest)};

    Mistakes all;
    const auto add = [&all](Mistakes&& more) {
        expect_sound(more);
        all.insert(all.end(), more.begin(), more.end());
    };
    add(tern::routing::check_smtproutes(files.smtproutes));
    add(tern::routing::check_authsenders(files.authsenders));
    add(tern::routing::check_qmtproutes(files.qmtproutes));
    if (files.of_domain) add(tern::routing::check_route_file(*files.of_domain));
    const auto route = tern::routing::find_route(files, host, sender);
    if (route) expect_usable(*route);
    else
        expect(route.error().cause == tern::Cause::control_file &&
               names(all, route.error().detail));
    expect_same_line_by_line(files.smtproutes, host, sender);
    return 0;
}

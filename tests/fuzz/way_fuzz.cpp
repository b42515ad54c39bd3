// Files of routes with any host and sender: what find_way() gives is usable, and the line that
// defers is one that the check of its file names. Host, sender and each file end at a NUL.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/text.hpp"
#include "delivery/route_line.hpp"
#include "delivery/way.hpp"

namespace {

using tern::delivery::Mistake;
using Mistakes = std::vector<Mistake>;

void expect(bool holds) {
    if (!holds) std::abort();
}

std::string_view take(std::string_view& rest) {
    const std::string_view part = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    return part;
}

// Mistakes stand in the order of lines, and each says something.
void expect_sound(const Mistakes& mistakes) {
    std::size_t line = 0;
    for (const Mistake& mistake : mistakes) {
        expect(!mistake.what.empty() && mistake.origin.line >= line);
        line = mistake.origin.line;
    }
}

bool names(const Mistakes& mistakes, std::string_view detail) {
    return std::any_of(mistakes.begin(), mistakes.end(), [detail](const Mistake& mistake) {
        return detail == tern::text(mistake.origin.to_string(), ": ", mistake.what);
    });
}

void expect_usable(const tern::delivery::Way& way) {
    for (const auto& relay : way.relays) expect(relay.port != 0);
    expect(!way.credentials || (!way.relays.empty() && !way.credentials->user.empty()));
    expect(!way.credentials || way.protocol == tern::delivery::Protocol::smtp);
    expect(way.relays.empty() || !way.origin.file.empty());
    expect(way.protocol == tern::delivery::Protocol::smtp || !way.relays.empty());
    expect(!way.source_ipv4 || way.source_ipv4->family() == tern::Family::ipv4);
    expect(!way.source_ipv6 || way.source_ipv6->family() == tern::Family::ipv6);
}

// The sieve that makes the search fast lets no line fall that alone would decide.
void expect_same_line_by_line(std::string_view content, std::string_view host,
                              std::string_view sender) {
    const auto found = tern::delivery::find_route_of_host(content, host, sender);
    std::size_t number = 0;
    std::optional<std::size_t> best;
    for (std::string_view rest = content; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        ++number;
        const auto alone = tern::delivery::find_route_of_host(line, host, sender);
        if (!alone) continue;
        const std::size_t fit = alone->key == tern::delivery::null_sender_key ? host.size() + 1
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
    tern::delivery::RouteFiles files;
    files.smtproutes = take(rest);
    files.authsenders = take(rest);
    files.qmtproutes = take(rest);
    const std::vector<std::string> file_names = tern::delivery::route_file_names(host);
    expect(!file_names.empty() && file_names.back() == "default");
    for (const std::string& name : file_names)
        expect(!name.empty() && name.front() != '.' && name.find('/') == name.npos);
    if (!rest.empty())
        files.of_domain = tern::delivery::RouteFiles::OfDomain{
            "control/smtproutes.d/" + file_names.front(), tern::WipedText(rest)};

    Mistakes all;
    const auto add = [&all](Mistakes&& more) {
        expect_sound(more);
        all.insert(all.end(), more.begin(), more.end());
    };
    add(tern::delivery::check_smtproutes(files.smtproutes));
    add(tern::delivery::check_authsenders(files.authsenders));
    add(tern::delivery::check_qmtproutes(files.qmtproutes));
    if (files.of_domain) add(tern::delivery::check_route_file(*files.of_domain));
    const auto way = tern::delivery::find_way(files, host, sender);
    if (way) expect_usable(*way);
    else expect(way.error().cause == tern::Cause::control_file && names(all, way.error().detail));
    expect_same_line_by_line(files.smtproutes, host, sender);
    return 0;
}

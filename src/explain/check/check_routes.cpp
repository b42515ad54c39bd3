// Routes and source addresses, by the parsers that deliveries use; see check_parts.hpp.
#include <algorithm>

#include "base/lines.hpp"
#include "base/text.hpp"
#include "control/control_file.hpp"
#include "routing/check.hpp"
#include "routing/control_lines.hpp"
#include "routing/relay_credentials.hpp"
#include "routing/source.hpp"
#include "routing/route.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/show/printable.hpp"
#include "tls/context.hpp"

namespace tern::explain {
namespace {

// The tokens' files that routes name (sasl/credentials): `token:/path` to the end of the line,
// after a '|' or a blank.
void check_tokens(Checking& checking, const std::string& path, std::string_view content) {
    constexpr std::string_view mark = "token:/";
    for (Lines lines(content); lines.next();) {
        const std::string_view line = lines.line();
        const std::size_t at = line.find(mark);
        if (at == std::string_view::npos || at == 0 || line.starts_with('#')) continue;
        if (std::string_view("| \t").find(line[at - 1]) == std::string_view::npos) continue;
        const std::string file(trim_end(line.substr(at + mark.size() - 1)));
        const std::string shown = printable(file, 300);
        if (!control::exists(file).value_or(true))
            checking.found.add(Severity::error, path, lines.number(),
                               concat("its access token file ", shown, " does not exist"),
                               "have the program that refreshes the token create it");
        else if (!checking.reader.may_read(file))
            checking.found.add(
                Severity::error, path, lines.number(),
                concat(checking.reader.name(), " cannot read its access token file ", shown),
                checking.reader.how_to_share(shown));
        else if (is_open_to_all(file))
            checking.found.warning(shown, "contains an access token and is readable by every user",
                                   concat("chmod o= ", shown));
    }
}

// Contents with a user and password, which no other user should read.
void check_secrets(Checking& checking, const std::string& path, std::string_view content) {
    check_tokens(checking, path, content);
    if (!is_open_to_all(path)) return;
    for (Lines lines(content); lines.next();) {
        if (!routing::seems_to_hold_password(lines.line())) continue;
        checking.found.warning(path, "contains passwords and is readable by every user",
                               checking.reader.how_to_share(path));
        return;
    }
}

void check_own_address(Checking& checking, const routing::Origin& origin,
                       const IpAddress& address, std::string_view cure) {
    if (address.is_loopback_or_unspecified()) return;
    if (checking.local_addresses.is_ourselves(address).value_or(true)) return;
    checking.found.add(Severity::error, origin.file, origin.line,
                       concat(address.to_string(),
                              " is not an address of this host: mail that uses "
                              "it is deferred"),
                       std::string(cure));
}

// The certificate and the sources that a file of smtproutes.d names.
void check_route(Checking& checking, const routing::Route& route) {
    for (const auto& address : {route.source_ipv4, route.source_ipv6})
        if (address)
            check_own_address(checking, routing::Origin{route.origin.file, 0}, *address,
                              "write an address of this host, or remove the line");
    if (route.certificate_file.empty()) return;
    tls::ClientSettings settings;
    settings.certificate_file = route.certificate_file;
    settings.key_file = route.key_file;
    const Result<tls::Context> made = tls::make_context({}, settings, nullptr);
    if (!control::exists(settings.certificate_file).value_or(true))
        checking.found.warning(
            route.origin.file,
            concat("its clientcert ", printable(settings.certificate_file), " does not exist"));
    else if (made && !made->certificate_trouble.empty())
        checking.found.warning(route.origin.file, printable(made->certificate_trouble));
}

void check_route_directory(Checking& checking) {
    const std::string directory = "control/smtproutes.d";
    if (!control::exists(directory).value_or(true)) return;
    if (!checking.reader.may_enter(directory))
        checking.found.error(directory, concat(checking.reader.name(), " cannot enter it"),
                             concat("chmod a+rx ", directory));
    std::vector<routing::Route> routes;
    for (const std::string& name : names_in(directory)) {
        const std::string path = concat(directory, "/", name);
        const std::string_view domain =
            std::string_view(name).substr(name.starts_with("*.") ? 2 : 0);
        if (name != "default") {
            if (const std::string fault = fault_of_name(domain);
                !fault.empty() && !(name.starts_with("*.") && fault.starts_with("has no dot")))
                checking.found.warning(path, concat(printable(domain), " ", fault));
        }
        const routing::RouteFiles::OfDomain file{
            path, WipedText(read_checked(checking, path, Severity::error))};
        take(checking, routing::check_route_file(file));
        check_secrets(checking, path, file.content);
        routing::RouteFiles files;
        files.of_domain = file;
        const Result<routing::Route> route = routing::find_route(files, "host.invalid", "");
        if (route) check_route(checking, *route);
        if (route) routes.push_back(*route);
    }
    check_logins(checking, routes);
}

// The addresses of the lines that decide, found as a delivery finds them.
void check_addresses_of_domains(Checking& checking, const std::string& content) {
    routing::SourceFiles files;
    files.domainips = content;
    for (Lines lines(content); lines.next();) {
        const std::string_view line = lines.line();
        if (routing::is_blank_or_comment(line)) continue;
        const std::string_view key = line.substr(0, routing::end_of_domain_key(line));
        for (const Family family : {Family::ipv4, Family::ipv6}) {
            const Result<routing::Source> source =
                routing::find_source(files, {}, key == "*" ? "" : concat("@", key), family);
            if (source && source->address && source->origin.line == lines.number())
                check_own_address(checking, source->origin, *source->address,
                                  "write an address of this host, or remove the line");
        }
    }
}

}  // namespace

void take(Checking& checking, const std::vector<routing::Mistake>& mistakes) {
    for (const routing::Mistake& mistake : mistakes)
        checking.found.add(mistake.defers || mistake.grave ? Severity::error : Severity::warning,
                           mistake.origin.file, mistake.origin.line, printable(mistake.what), {});
}

void check_routes(Checking& checking) {
    using Checker = std::vector<routing::Mistake> (*)(std::string_view);
    struct RoutesFile {
        const char* path;
        Checker checker;
        routing::Keys keys;
    };
    using routing::Keys;
    for (const RoutesFile& file :
         {RoutesFile{"control/authsenders", routing::check_authsenders, Keys::senders},
          RoutesFile{"control/qmtproutes", routing::check_qmtproutes, Keys::domains},
          RoutesFile{"control/smtproutes", routing::check_smtproutes, Keys::domains}}) {
        const std::string content = read_checked(checking, file.path, Severity::error);
        take(checking, file.checker(content));
        check_secrets(checking, file.path, content);
        check_logins(checking, routes_of_lines(file.path, content, file.keys));
    }
    check_route_directory(checking);
}

void check_sources(Checking& checking) {
    for (const Family family : {Family::ipv4, Family::ipv6}) {
        const std::string path =
            family == Family::ipv4 ? "control/outgoingip" : "control/outgoingip6";
        const std::string content = read_checked(checking, path, Severity::error);
        take(checking, routing::check_outgoingip(content, family));
        routing::SourceFiles files;
        (family == Family::ipv4 ? files.outgoingip : files.outgoingip6) = content;
        const Result<routing::Source> source = routing::find_source(files, {}, "", family);
        if (source && source->address)
            check_own_address(checking, routing::Origin{path, 0}, *source->address,
                              "write an address of this host, or remove the file");
    }
    const std::string by_domain = read_checked(checking, "control/domainips", Severity::error);
    take(checking, routing::check_domainips(by_domain));
    check_addresses_of_domains(checking, by_domain);
    const std::string by_address = read_checked(checking, "control/helohostbyip", Severity::error);
    take(checking, routing::check_helohostbyip(by_address));
}

}  // namespace tern::explain

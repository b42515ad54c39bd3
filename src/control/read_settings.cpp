// Which control file says what; see read_settings.hpp and qmail-remote(8), CONTROL FILES.
#include "control/read_settings.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "control/control_file.hpp"
#include "routing/control_lines.hpp"
#include "routing/route_line.hpp"

namespace tern::control {
namespace {

// A year: no operator waits longer, and sums of it stay far from overflow.
constexpr std::uint64_t longest_timeout = 366UL * 24 * 60 * 60;

constexpr std::size_t smallest_chunk = 1024;
constexpr std::size_t largest_chunk = 1024UL * 1024;

/// The files of one directory by name; those that are surely not there are not asked for.
class Files {
public:
    explicit Files(std::string directory) : directory_(std::move(directory)), names_(directory_) {}

    [[nodiscard]] std::string path(std::string_view name) const {
        return text(directory_, "/", name);
    }
    [[nodiscard]] bool may_have(std::string_view name) const { return names_.may_have(name); }

    [[nodiscard]] Result<std::optional<std::string>> line(std::string_view name) const {
        if (!may_have(name)) return std::nullopt;
        return read_line(path(name));
    }
    [[nodiscard]] Result<std::uint64_t> number(std::string_view name, std::uint64_t otherwise,
                                               std::uint64_t most) const {
        if (!may_have(name)) return otherwise;
        return read_number(path(name), otherwise, most);
    }
    [[nodiscard]] Result<Duration> seconds(std::string_view name, Duration otherwise) const {
        const auto fallback = std::chrono::duration_cast<std::chrono::seconds>(otherwise).count();
        return number(name, static_cast<std::uint64_t>(fallback), longest_timeout)
            .map([](std::uint64_t seconds) { return Duration(std::chrono::seconds(seconds)); });
    }
    [[nodiscard]] Result<std::string> list(std::string_view name, char separator) const {
        if (!may_have(name)) return std::string();
        return read_list(path(name), separator);
    }
    /// The text as it is; nothing where there is no such file.
    [[nodiscard]] Result<std::optional<std::string>> text_of(std::string_view name) const {
        if (!may_have(name)) return std::nullopt;
        return read_file(path(name));
    }
    /// The same of a file that may hold passwords; empty where there is none.
    [[nodiscard]] Result<WipedText> secret(std::string_view name) const {
        if (!may_have(name)) return WipedText();
        return read_secret_file(path(name)).map([](std::optional<WipedText>&& content) {
            return content ? std::move(*content) : WipedText();
        });
    }
    /// The text, which delivery reads in one pass; empty where there is none.
    [[nodiscard]] Result<std::string> whole(std::string_view name) const {
        return text_of(name).map(
            [](std::optional<std::string>&& content) { return std::move(content).value_or(""); });
    }

private:
    std::string directory_;
    Listing names_;
};

// qmail: helohost, else me. What is said with EHLO must be printable (RFC 5321 4.1.1.1).
Result<std::string> read_hello_name(const Files& control) {
    std::string_view file = "helohost";
    Result<std::optional<std::string>> name = control.line(file);
    if (name && !*name) name = control.line(file = "me");
    if (!name) return tl::unexpected<Failure>(name.error());
    if (!*name)
        return fail(Stage::start, Cause::control_file,
                    "neither control/helohost nor control/me exists; one must hold this host's "
                    "name");
    if ((*name)->empty())
        return fail(Stage::start, Cause::control_file,
                    text(control.path(file),
                         ": its first line is empty; it must hold this host's name"));
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    if (!std::ranges::all_of(**name, printable))
        return fail(Stage::start, Cause::control_file,
                    text(control.path(file),
                         ": the name contains a byte that is not printable ASCII"));
    return **name;
}

// A chunk is held in memory, and each one more waits for a server to take it in.
Result<std::size_t> read_chunk_size(const Files& control) {
    return control.number("chunksizeremote", smtp::default_chunk, largest_chunk)
        .map([](std::uint64_t size) { return std::max<std::size_t>(size, smallest_chunk); });
}

Result<routing::FamilyChoice> read_family_choice(const Files& control) {
    using routing::FamilyChoice;
    const Result<std::optional<std::string>> line = control.line("addresspreference");
    if (!line) return tl::unexpected<Failure>(line.error());
    const std::string_view choice = *line ? std::string_view(**line) : std::string_view();
    if (choice.empty() || choice == "ipv4") return FamilyChoice::ipv4_first;
    if (choice == "ipv6") return FamilyChoice::ipv6_first;
    if (choice == "ipv4only") return FamilyChoice::ipv4_only;
    if (choice == "ipv6only") return FamilyChoice::ipv6_only;
    return fail(Stage::start, Cause::control_file,
                text(control.path("addresspreference"), ": \"", choice,
                     "\" is not one of ipv4, ipv6, ipv4only and ipv6only"));
}

// delivery/relay_list: a password follows a '|' or a blank. Blanks are rare in these files, and one
// too many costs a system call.
bool may_hold_passwords(std::string_view lines) {
    const auto has = [lines](char c) { return lines.find(c) != lines.npos; };
    return has('|') || has(' ') || has('\t');
}

// Of the many lines of smtproutes those that may decide for mail to the host; without a host all.
Result<routing::RouteFiles> read_smtproutes(const Files& control, std::string_view host) {
    routing::RouteFiles routes;
    if (!control.may_have("smtproutes")) return routes;
    routes.smtproutes.reserve(beyond_short);
    const routing::HostSieve sieve(host);
    std::size_t left_out = 0;
    const auto keep = [&](std::string_view block) {
        routes.hold_passwords = routes.hold_passwords || may_hold_passwords(block);
        for (routing::ControlLines lines(block); lines.next();) {
            if (!host.empty() && !sieve.passes(lines.line())) {
                ++left_out;
                continue;
            }
            if (left_out > 0)
                routes.left_out_of_smtproutes.push_back({routes.smtproutes.size(), left_out});
            left_out = 0;
            routes.smtproutes += lines.line();
            routes.smtproutes += '\n';
        }
    };
    return read_blocks(control.path("smtproutes"), keep).map([&routes](bool) {
        return std::move(routes);
    });
}

// The first file of smtproutes.d that stands for the host, where there is such a directory.
Result<std::optional<routing::RouteFiles::OfDomain>> read_route_file(const Files& control,
                                                                      std::string_view host) {
    std::optional<routing::RouteFiles::OfDomain> none;
    if (!control.may_have("smtproutes.d")) return none;
    const Files routes(control.path("smtproutes.d"));
    for (const std::string& name : routing::route_file_names(host)) {
        if (!routes.may_have(name)) continue;
        std::string path = routes.path(name);
        Result<std::optional<WipedText>> content = read_secret_file(path);
        if (!content) return tl::unexpected<Failure>(content.error());
        if (*content)
            return routing::RouteFiles::OfDomain{std::move(path), std::move(**content)};
    }
    return none;
}

}  // namespace

Result<routing::Settings> read_settings(std::string_view host) {
    const Files control("control");
    routing::Settings settings;
    std::optional<Failure> trouble;
    const auto take = [&trouble](auto result, auto& field) {
        if (result) field = std::move(*result);
        else if (!trouble) trouble = std::move(result.error());
    };
    take(read_hello_name(control), settings.hello_name);
    take(control.seconds("timeoutconnect", settings.timeout_connect), settings.timeout_connect);
    take(control.seconds("timeoutremote", settings.timeout_remote), settings.timeout_remote);
    take(control.seconds("timeoutdns", settings.timeout_dns), settings.timeout_dns);
    take(control.list("tlsclientciphers", ':'), settings.tls.ciphers);
    take(read_chunk_size(control), settings.chunk_size);
    take(read_family_choice(control), settings.families);
    take(read_smtproutes(control, host), settings.routes);
    take(control.secret("authsenders"), settings.routes.authsenders);
    take(control.secret("qmtproutes"), settings.routes.qmtproutes);
    take(read_route_file(control, host), settings.routes.of_domain);
    routing::RouteFiles& routes = settings.routes;
    if (may_hold_passwords(routes.authsenders) || may_hold_passwords(routes.qmtproutes) ||
        (routes.of_domain && may_hold_passwords(routes.of_domain->content)))
        routes.hold_passwords = true;
    take(control.whole("ignoreextensions"), settings.ignoreextensions);
    take(control.text_of("authmechanisms"), settings.authmechanisms);
    take(control.whole("outgoingip"), settings.sources.outgoingip);
    take(control.whole("outgoingip6"), settings.sources.outgoingip6);
    take(control.whole("domainips"), settings.sources.domainips);
    take(control.whole("helohostbyip"), settings.sources.helohostbyip);
    // A certificate that cannot be read hinders no mail: TLS goes on without it and tells.
    if (control.may_have("clientcert.pem") &&
        exists("control/clientcert.pem").value_or(true))
        settings.tls.certificate_file = "control/clientcert.pem";
    if (trouble) return tl::unexpected<Failure>(std::move(*trouble));
    return settings;
}

Result<Secret> ServerFileReader::token_file(const std::string& path) {
    const Result<std::optional<WipedText>> content = read_secret_file(path);
    if (!content) return tl::unexpected<Failure>(content.error());
    if (*content) return Secret(**content);
    return fail(Stage::start, Cause::control_file,
                text(path, ": the file of the access token does not exist"));
}

Result<std::string> ServerFileReader::tls_destinations() {
    if (!tls_destinations_)
        tls_destinations_ = read_file("control/tlsdestinations")
                                .map([](std::optional<std::string>&& content) {
                                    return std::move(content).value_or("");
                                });
    return *tls_destinations_;
}

// contract.md#tls-files: tlshosts/<FQDN>.pem beats notlshosts/<FQDN> and exhaustivelist.
Result<tls::Requirement> ServerFileReader::requirement(const dns::Domain& server) {
    std::vector<std::string> exclusions;
    // A link that leads nowhere is a demand too, and what a directory behind one demanded is not
    // known: the mail must not go unverified because of it.
    const Result<bool> any_demanded = has_directory("control/tlshosts");
    if (!any_demanded) return tl::unexpected<Failure>(any_demanded.error());
    if (*any_demanded) {
        const std::string trust_file = text("control/tlshosts/", server.ascii(), ".pem");
        const Result<bool> demanded = is_named(trust_file);
        if (!demanded) return tl::unexpected<Failure>(demanded.error());
        if (*demanded) return tls::Requirement::verified(trust_file, server.ascii());
        exclusions.emplace_back("control/tlshosts/exhaustivelist");
    }
    exclusions.push_back(text("control/notlshosts/", server.ascii()));
    tls::Requirement requirement = tls::Requirement::opportunistic();
    for (std::string& file : exclusions) {
        const Result<bool> excluded = exists(file);
        if (!excluded) return tl::unexpected<Failure>(excluded.error());
        if (*excluded) requirement = tls::Requirement::none(std::move(file));
    }
    return requirement;
}

}  // namespace tern::control

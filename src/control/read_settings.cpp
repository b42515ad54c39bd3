// Reads the control files of qmail-remote(8), CONTROL FILES; see read_settings.hpp.
#include "control/read_settings.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/lines.hpp"
#include "base/text.hpp"
#include "control/catalogue.hpp"
#include "routing/key_filter.hpp"
#include "routing/relay_credentials.hpp"
#include "routing/source_lines.hpp"

namespace tern::control {
namespace {

/// The files of one directory by name; those that surely do not exist are not opened.
class Files {
public:
    /// The listing must outlive it.
    Files(std::string directory, const Listing& names)
        : directory_(std::move(directory)), names_(names) {}

    [[nodiscard]] std::string path(std::string_view name) const {
        return concat(directory_, "/", name);
    }
    [[nodiscard]] bool may_have(std::string_view name) const { return names_.may_have(name); }

    [[nodiscard]] Result<std::optional<std::string>> line(std::string_view name) const {
        if (!may_have(name)) return std::nullopt;
        return read_line(path(name));
    }
    [[nodiscard]] Result<std::uint64_t> number(const ControlFile& file) const {
        if (!may_have(file.name)) return file.otherwise;
        return read_number(path(file.name), file.otherwise, file.most)
            .map([&file](std::uint64_t number) { return std::max(number, file.least); });
    }
    [[nodiscard]] Result<Duration> seconds(const ControlFile& file) const {
        return number(file).map(
            [](std::uint64_t seconds) { return Duration(std::chrono::seconds(seconds)); });
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
    /// The text; empty where there is none.
    [[nodiscard]] Result<std::string> whole(std::string_view name) const {
        return text_of(name).map(
            [](std::optional<std::string>&& content) { return std::move(content).value_or(""); });
    }

private:
    std::string directory_;
    const Listing& names_;
};

// qmail: helohost, else me. What is sent with EHLO must be printable (RFC 5321 4.1.1.1).
Result<std::string> read_hello_name(const Files& control) {
    std::string_view file = about(File::helohost).name;
    Result<std::optional<std::string>> name = control.line(file);
    if (name && !*name) name = control.line(file = about(File::me).name);
    if (!name) return tl::unexpected<Failure>(name.error());
    if (!*name)
        return fail(Stage::start, Cause::control_file,
                    "neither control/helohost nor control/me exists; one must hold this host's "
                    "name");
    if ((*name)->empty())
        return fail(
            Stage::start, Cause::control_file,
            concat(control.path(file), ": its first line is empty; it must hold this host's name"));
    if (!routing::is_hello_name(**name))
        return fail(
            Stage::start, Cause::control_file,
            concat(control.path(file), ": the name contains a byte that is not printable ASCII"));
    return **name;
}

Result<routing::FamilyChoice> read_family_choice(const Files& control) {
    constexpr std::string_view file = about(File::addresspreference).name;
    const Result<std::optional<std::string>> line = control.line(file);
    if (!line) return tl::unexpected<Failure>(line.error());
    const std::string_view word = *line ? std::string_view(**line) : std::string_view();
    if (const auto choice = routing::family_choice_of(word)) return *choice;
    return fail(Stage::start, Cause::control_file,
                concat(control.path(file), ": \"", word,
                       "\" is not one of ipv4, ipv6, ipv4only and ipv6only"));
}

// Of the many lines of smtproutes those that may decide for mail to the host; without a host all.
Result<routing::RouteFiles> read_smtproutes(const Files& control, std::string_view host) {
    routing::RouteFiles routes;
    constexpr std::string_view file = about(File::smtproutes).name;
    if (!control.may_have(file)) return routes;
    routes.smtproutes.reserve(beyond_short);
    const routing::HostFilter filter(host);
    std::size_t left_out = 0;
    const auto keep = [&](std::string_view block) {
        routes.hold_passwords = routes.hold_passwords || routing::may_hold_passwords(block);
        for (Lines lines(block); lines.next();) {
            if (!host.empty() && !filter.passes(lines.line())) {
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
    return read_blocks(control.path(file), keep).map([&routes](bool) {
        return std::move(routes);
    });
}

// The first file of smtproutes.d that exists for the host.
Result<std::optional<routing::RouteFiles::OfDomain>> read_route_file(const Files& control,
                                                                      std::string_view host) {
    std::optional<routing::RouteFiles::OfDomain> none;
    constexpr std::string_view directory = about(File::smtproutes_d).name;
    if (!control.may_have(directory)) return none;
    const std::string path_of_directory = control.path(directory);
    const Listing names(path_of_directory);
    const Files routes(path_of_directory, names);
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

Result<routing::Settings> read_settings(std::string_view host, const Listing& names) {
    const Files control("control", names);
    routing::Settings settings;
    std::optional<Failure> trouble;
    const auto take = [&trouble](auto result, auto& field) {
        if (result) field = std::move(*result);
        else if (!trouble) trouble = std::move(result.error());
    };
    take(read_hello_name(control), settings.hello_name);
    take(control.seconds(about(File::timeoutconnect)), settings.timeout_connect);
    take(control.seconds(about(File::timeoutremote)), settings.timeout_remote);
    take(control.seconds(about(File::timeoutdns)), settings.timeout_dns);
    take(control.list(about(File::tlsclientciphers).name, ':'), settings.tls.ciphers);
    take(control.number(about(File::chunksizeremote)), settings.chunk_size);
    take(read_family_choice(control), settings.families);
    take(read_smtproutes(control, host), settings.routes);
    take(control.secret(about(File::authsenders).name), settings.routes.authsenders);
    take(control.secret(about(File::qmtproutes).name), settings.routes.qmtproutes);
    take(read_route_file(control, host), settings.routes.of_domain);
    routing::RouteFiles& routes = settings.routes;
    if (routing::may_hold_passwords(routes.authsenders) ||
        routing::may_hold_passwords(routes.qmtproutes) ||
        (routes.of_domain && routing::may_hold_passwords(routes.of_domain->content)))
        routes.hold_passwords = true;
    take(control.whole(about(File::ignoreextensions).name), settings.ignoreextensions);
    take(control.text_of(about(File::authmechanisms).name), settings.authmechanisms);
    take(control.whole(about(File::outgoingip).name), settings.sources.outgoingip);
    take(control.whole(about(File::outgoingip6).name), settings.sources.outgoingip6);
    take(control.whole(about(File::domainips).name), settings.sources.domainips);
    take(control.whole(about(File::helohostbyip).name), settings.sources.helohostbyip);
    // A certificate that cannot be read defers no mail: TLS goes on without it, and reports say so.
    constexpr std::string_view certificate = about(File::clientcert).name;
    if (control.may_have(certificate)) {
        std::string path = control.path(certificate);
        if (exists(path).value_or(true)) settings.tls.certificate_file = std::move(path);
    }
    if (trouble) return tl::unexpected<Failure>(std::move(*trouble));
    return settings;
}

}  // namespace tern::control

// Which control file says what; see read_settings.hpp and qmail-remote(8), CONTROL FILES.
#include "control/read_settings.hpp"

#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "control/control_file.hpp"

namespace tern::control {
namespace {

// A year: no operator waits longer, and sums of it stay far from overflow.
constexpr std::uint64_t longest_timeout = 366UL * 24 * 60 * 60;

Result<Duration> read_seconds(const std::string& path, Duration otherwise) {
    const auto fallback = std::chrono::duration_cast<std::chrono::seconds>(otherwise).count();
    return read_number(path, static_cast<std::uint64_t>(fallback), longest_timeout)
        .map([](std::uint64_t seconds) { return Duration(std::chrono::seconds(seconds)); });
}

// qmail: helohost, else me. What is said with EHLO must be printable (RFC 5321 4.1.1.1).
Result<std::string> read_hello_name() {
    std::string file = "control/helohost";
    Result<std::optional<std::string>> name = read_line(file);
    if (name && !*name) name = read_line(file = "control/me");
    if (!name) return tl::unexpected<Failure>(name.error());
    if (!*name)
        return fail(Stage::start, Cause::control_file,
                    "neither control/helohost nor control/me exists; one must hold this host's "
                    "name");
    if ((*name)->empty())
        return fail(Stage::start, Cause::control_file,
                    text(file, ": its first line is empty; it must hold this host's name"));
    const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
    if (!std::ranges::all_of(**name, printable))
        return fail(Stage::start, Cause::control_file,
                    text(file, ": the name holds a byte that is not printable ASCII"));
    return **name;
}

}  // namespace

Result<delivery::Settings> read_settings() {
    delivery::Settings settings;
    std::optional<Failure> trouble;
    const auto take = [&trouble](auto result, auto& field) {
        if (result) field = std::move(*result);
        else if (!trouble) trouble = std::move(result.error());
    };
    take(read_hello_name(), settings.hello_name);
    take(read_seconds("control/timeoutconnect", settings.timeout_connect),
         settings.timeout_connect);
    take(read_seconds("control/timeoutremote", settings.timeout_remote), settings.timeout_remote);
    take(read_list("control/tlsclientciphers", ':'), settings.tls.ciphers);
    take(read_file("control/smtproutes").map([](const std::optional<std::string>& content) {
        return content.value_or(std::string());
    }), settings.smtproutes);
    // A certificate that cannot be read hinders no mail: TLS goes on without it and tells.
    if (exists("control/clientcert.pem").value_or(true))
        settings.tls.certificate_file = "control/clientcert.pem";
    if (trouble) return tl::unexpected<Failure>(std::move(*trouble));
    return settings;
}

// Contract, Control files: tlshosts/<FQDN>.pem beats notlshosts/<FQDN> and exhaustivelist.
Result<tls::Requirement> FileRules::requirement(const dns::Domain& server) {
    tls::Requirement requirement;
    const std::string trust_file = text("control/tlshosts/", server.ascii(), ".pem");
    const Result<bool> demanded = exists(trust_file);
    if (!demanded) return tl::unexpected<Failure>(demanded.error());
    if (*demanded) {
        requirement.kind = tls::Requirement::Kind::verified;
        requirement.trust_file = trust_file;
        requirement.reference_name = server.ascii();
        requirement.origin = trust_file;
        return requirement;
    }
    for (const std::string& file : {std::string("control/tlshosts/exhaustivelist"),
                                    text("control/notlshosts/", server.ascii())}) {
        const Result<bool> excluded = exists(file);
        if (!excluded) return tl::unexpected<Failure>(excluded.error());
        if (*excluded) requirement.kind = tls::Requirement::Kind::none;
    }
    return requirement;
}

}  // namespace tern::control

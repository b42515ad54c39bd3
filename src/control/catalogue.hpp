// The catalogue of control files: their names, kinds, defaults and limits, each in one place.
// Reading (read_settings), `tern check` with its hints, and the test of qmail-remote(8) take them
// from here.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "routing/settings.hpp"

namespace tern::control {

/// What a control file holds.
enum class FileKind {
    line,       ///< its first line counts
    seconds,    ///< a number of seconds
    bytes,      ///< a number of bytes
    list,       ///< all its lines make one value
    lines,      ///< each line is independent
    routes,     ///< lines `key:relay`, perhaps with passwords
    pem,        ///< certificates and keys
    directory,  ///< a directory of such files
};

/// The files that qmail-remote reads, and tern as qmail-remote does.
enum class File : std::size_t {
    me, helohost, smtproutes, smtproutes_d, authsenders, qmtproutes, outgoingip, outgoingip6,
    domainips, helohostbyip, timeoutconnect, timeoutremote, timeoutdns, chunksizeremote,
    tlsclientciphers, clientcert, tlshosts, notlshosts, addresspreference, tlsdestinations,
    authmechanisms, ignoreextensions, count
};

/// What is known of one of them.
struct ControlFile {
    File file;
    std::string_view name;  ///< in control/
    FileKind kind;
    std::string_view what;  ///< in a few words
    // Of numbers:
    std::uint64_t otherwise = 0;  ///< the default
    std::uint64_t least = 0;      ///< what is smaller counts as it
    std::uint64_t most = 0;       ///< what is larger counts as it
};

/// A year: no operator waits longer, and sums of it stay far from overflow.
inline constexpr std::uint64_t longest_timeout = 366UL * 24 * 60 * 60;

/// qmail-remote(8), CONTROL FILES. In the order of File; hints name the first one that is close.
inline constexpr std::array<ControlFile, static_cast<std::size_t>(File::count)> catalogue = {{
    {File::me, "me", FileKind::line, "the name of this host"},
    {File::helohost, "helohost", FileKind::line, "the name to say hello with"},
    {File::smtproutes, "smtproutes", FileKind::routes, "relays by the domain of the recipient"},
    {File::smtproutes_d, "smtproutes.d", FileKind::directory, "a route in a file of its own"},
    {File::authsenders, "authsenders", FileKind::routes, "relays by the sender"},
    {File::qmtproutes, "qmtproutes", FileKind::routes, "relays that speak QMTP"},
    {File::outgoingip, "outgoingip", FileKind::line, "the IPv4 address to send from"},
    {File::outgoingip6, "outgoingip6", FileKind::line, "the IPv6 address to send from"},
    {File::domainips, "domainips", FileKind::lines, "addresses to send from by sender"},
    {File::helohostbyip, "helohostbyip", FileKind::lines, "names to say hello with by address"},
    {File::timeoutconnect, "timeoutconnect", FileKind::seconds, "to wait for a connection",
     routing::default_timeout_connect.count(), 0, longest_timeout},
    {File::timeoutremote, "timeoutremote", FileKind::seconds, "to wait for each response",
     routing::default_timeout_remote.count(), 0, longest_timeout},
    {File::timeoutdns, "timeoutdns", FileKind::seconds, "to wait for one look-up of names",
     routing::default_timeout_dns.count(), 0, longest_timeout},
    // A chunk is held in memory, and each one more waits for a server to take it in.
    {File::chunksizeremote, "chunksizeremote", FileKind::bytes, "of the message in one BDAT",
     routing::default_chunk_size, 1024, 1024UL * 1024},
    {File::tlsclientciphers, "tlsclientciphers", FileKind::list, "ciphers offered to servers"},
    {File::clientcert, "clientcert.pem", FileKind::pem, "the certificate shown to servers"},
    {File::tlshosts, "tlshosts", FileKind::directory, "servers that must be verified"},
    {File::notlshosts, "notlshosts", FileKind::directory, "servers that are used without TLS"},
    {File::addresspreference, "addresspreference", FileKind::line, "which family is tried first"},
    {File::tlsdestinations, "tlsdestinations", FileKind::lines, "rules of s/qmail: they defer"},
    {File::authmechanisms, "authmechanisms", FileKind::list, "mechanisms of AUTH, strongest first"},
    {File::ignoreextensions, "ignoreextensions", FileKind::lines, "extensions that are not used"},
}};

static_assert(std::ranges::is_sorted(catalogue, {}, &ControlFile::file) &&
              catalogue.back().file == File::ignoreextensions);

/// What the catalogue says of a file. At compile time, so that qmail-remote holds no table, and
/// starts without relocating one.
[[nodiscard]] consteval ControlFile about(File file) {
    return catalogue.at(static_cast<std::size_t>(file));
}

/// Files of qmail's other programs whose names are one letter away from one of those above
/// (qmail-control(5)): these are not misspelt.
inline constexpr std::array<std::string_view, 3> of_other_programs = {"tlsclients", "mx", "mes"};

/// What the operator of a file that is not read now lacks.
enum class Loss {
    nothing,     ///< mail goes as well without it
    wish,        ///< mail goes otherwise than written
    protection,  ///< mail goes out weaker than written
};

/// A file of another qmail package that is for the sending program and not read by this one. Its
/// meaning is that of the package's own manual.
struct ForeignFile {
    std::string_view name;
    std::string_view package;
    std::string_view what;  ///< what its operator now lacks
    std::string_view cure;
    Loss loss = Loss::wish;
};

/// All of them.
[[nodiscard]] std::span<const ForeignFile> foreign_files();

}  // namespace tern::control

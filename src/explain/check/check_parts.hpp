// The parts of a check, one for each kind of file. For explain/check*.cpp only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/exchangers.hpp"
#include "routing/mistake.hpp"
#include "routing/route.hpp"
#include "routing/route_key.hpp"
#include "environment/environment.hpp"
#include "explain/check/finding.hpp"
#include "explain/check/reader.hpp"

namespace tern::explain {

/// Certificates that expire within it get a note.
constexpr std::chrono::seconds soon = std::chrono::hours(14 * 24);

/// What the parts share.
struct Checking {
    Findings found;
    const Reader& reader;
    LocalAddresses& local_addresses;
    std::chrono::seconds now;
    /// Those already looked into, by device and inode.
    std::vector<std::pair<::dev_t, ::ino_t>> directories_of_trust;
};

/// The names in a directory without those that begin with a dot, sorted; none where it cannot be
/// listed.
[[nodiscard]] std::vector<std::string> names_in(const std::string& directory);

/// The text of a control file; why it cannot be read, here or by qmail-remote, is reported. Empty
/// where there is none.
[[nodiscard]] std::string read_checked(Checking& checking, const std::string& path,
                                       Severity if_unreadable);

/// Whether every user of this host may read it.
[[nodiscard]] bool is_open_to_all(const std::string& path);

/// The words of a Failure, without the name of the file it begins with.
[[nodiscard]] std::string without_name(std::string words, std::string_view file);

/// Certificates of a PEM text that have expired or soon will, or are not valid yet.
void check_dates(Checking& checking, const std::string& path, std::string_view pem);

/// control/tlshosts/<name>.pem, file or directory.
void check_trust(Checking& checking, const std::string& path, std::string_view name);

/// Adds mistakes of a file as they are.
void take(Checking& checking, const std::vector<routing::Mistake>& mistakes);

void check_hello_name(Checking& checking);
void check_numbers(Checking& checking);
void check_address_preference(Checking& checking);
void check_routes(Checking& checking);
void check_sources(Checking& checking);
void check_tls(Checking& checking);
void check_names(Checking& checking);
/// Files of other qmail packages, and the rules of tlsdestinations.
void check_foreign(Checking& checking);
/// Whether check_foreign() knows a file of control/ by this name.
[[nodiscard]] bool is_foreign(std::string_view name);
void check_extensions(Checking& checking);
void check_tables(Checking& checking);
void check_libraries(Checking& checking);

/// The libraries inside a program with this mark (base/build_info.hpp) that are older than what is
/// installed by the text of dpkg's status file, in words; empty: none.
[[nodiscard]] std::string outdated_libraries(std::string_view mark, std::string_view dpkg_status);

/// Servers of the same mail of which only some require TLS, as far as the files show them.
void check_partial_tls(Checking& checking);

/// The relay as a delivery meets it, without the DNS.
[[nodiscard]] delivery::Exchanger exchanger_of(const routing::Relay& relay);
/// Its name, or its address where it has none.
[[nodiscard]] std::string name_of(const routing::Relay& relay);
/// Reports each relay that would get a user and password without verification, or not get them.
void check_logins(Checking& checking, const std::vector<routing::Route>& routes);
/// The routes of the lines in a file of SMTP routes that can decide; those that are malformed or
/// overridden are left out.
[[nodiscard]] std::vector<routing::Route> routes_of_lines(std::string_view file,
                                                          std::string_view content,
                                                          routing::Keys keys);

/// Why `name` is never looked up as the name of a server or domain, with what to write; empty where
/// it may be.
[[nodiscard]] std::string fault_of_name(std::string_view name);

}  // namespace tern::explain

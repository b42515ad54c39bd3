// The parts of a check, one for each kind of file. For explain/check*.cpp only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "delivery/route_line.hpp"
#include "delivery/way.hpp"
#include "delivery/world.hpp"
#include "explain/finding.hpp"
#include "explain/reader.hpp"

namespace tern::explain {

/// What the parts share.
struct Checking {
    Findings found;
    const Reader& reader;
    delivery::LocalAddresses& local_addresses;
    std::chrono::seconds now;
    /// Those already looked into, by device and inode.
    std::vector<std::pair<::dev_t, ::ino_t>> directories_of_trust;
};

/// The names in a directory without those that begin with a dot, sorted; none where it cannot be
/// listed.
[[nodiscard]] std::vector<std::string> names_in(const std::string& directory);

/// The text of a control file for those who look into it; trouble with reading it, and what would
/// keep qmail-remote from reading it, is told. Empty where there is none.
[[nodiscard]] std::string read_checked(Checking& checking, const std::string& path,
                                       Severity if_unreadable);

/// Whether every user of this host may read it.
[[nodiscard]] bool is_open_to_all(const std::string& path);

/// What a Failure says, without the name of the file it begins with.
[[nodiscard]] std::string without_name(std::string words, std::string_view file);

/// Certificates of a PEM text that have expired or soon will, or are not valid yet.
void check_dates(Checking& checking, const std::string& path, std::string_view pem);

/// control/tlshosts/<name>.pem, file or directory.
void check_trust(Checking& checking, const std::string& path, std::string_view name);

/// Adds mistakes of a file as they are.
void take(Checking& checking, const std::vector<delivery::Mistake>& mistakes);

void check_hello_name(Checking& checking);
void check_numbers(Checking& checking);
void check_address_preference(Checking& checking);
void check_routes(Checking& checking);
void check_sources(Checking& checking);
void check_tls(Checking& checking);
void check_names(Checking& checking);
void check_extensions(Checking& checking);
void check_tables(Checking& checking);

/// Tells of each relay that would get a user and password with nobody verified, or not at all.
void check_logins(Checking& checking, const std::vector<delivery::Way>& ways);
/// The ways of the lines in a file of SMTP routes that can decide; those that are malformed or
/// overruled are left out.
[[nodiscard]] std::vector<delivery::Way> ways_of_lines(std::string_view file,
                                                       std::string_view content,
                                                       delivery::Keys keys);

/// Why `name` would never be looked for as a server's or domain's name, with what to call it;
/// empty: it is fine.
[[nodiscard]] std::string fault_of_name(std::string_view name);

}  // namespace tern::explain

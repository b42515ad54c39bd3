// The whole of a check, and its plain files; see check.hpp.
#include "explain/check/check.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "base/ascii.hpp"
#include "base/lines.hpp"
#include "base/text.hpp"
#include "control/catalogue.hpp"
#include "control/control_file.hpp"
#include "control/read_settings.hpp"
#include "os/tcpto_records.hpp"
#include "dns/domain.hpp"
#include "explain/check/check_parts.hpp"
#include "routing/source.hpp"
#include "routing/source_lines.hpp"

namespace tern::explain {
namespace {

bool is_there(const std::string& path) {
    return control::exists(path).value_or(true);
}

void check_number(Checking& checking, const control::ControlFile& file) {
    const std::string path = concat("control/", file.name);
    const std::string_view unit = file.kind == control::FileKind::seconds ? "seconds" : "bytes";
    if (!is_there(path)) return;
    const std::string content = read_checked(checking, path, Severity::error);
    const std::string_view line = trim_end(first_line(content));
    const std::optional<std::uint64_t> number = leading_number(line, UINT64_MAX);
    const auto after = std::ranges::find_if_not(line, is_digit);
    if (!number) {
        checking.found.warning(
            path,
            concat("the first line does not begin with a number: the default of ", file.otherwise,
                   " ", unit, " is used"),
            "write the number, or remove the file");
    } else if (after != line.end()) {
        checking.found.warning(path,
                               concat("only the leading digits are used: ", *number, " ", unit),
                               "write the number alone");
    }
    if (number && *number == 0 && unit == "seconds")
        checking.found.error(path, "a timeout of 0 seconds: no delivery can succeed",
                             "write a number above 0, or remove the file");
}

void check_table(Checking& checking, const std::string& path, std::size_t full_size) {
    struct stat status;
    const bool exists = ::stat(path.c_str(), &status) == 0;
    const std::string make =
        concat(exists ? "replace it" : "create it",
               " in qmail's home: ", checking.reader.how_to_fill(path, full_size));
    if (!exists) {
        checking.found.note(path,
                            "does not exist: hosts that time out are tried again at each delivery",
                            make);
        return;
    }
    const auto size = static_cast<std::size_t>(std::max<off_t>(status.st_size, 0));
    if (size > full_size)
        checking.found.warning(path, concat("larger than ", full_size,
                                            " bytes, the format of another program: not used"));
    else if (size < full_size)
        checking.found.note(
            path, concat("smaller than ", full_size, " bytes: it has room for fewer hosts or none"),
            make);
    if (!checking.reader.may_read_and_write(path))
        checking.found.warning(path, concat(checking.reader.name(), " cannot read and write it"),
                               size > full_size ? "" : make);
}

}  // namespace

std::vector<std::string> names_in(const std::string& directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (auto entry = std::filesystem::directory_iterator(directory, error);
         !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (!name.starts_with('.')) names.push_back(name);
    }
    std::ranges::sort(names);
    return names;
}

std::string read_checked(Checking& checking, const std::string& path, Severity if_unreadable) {
    const Result<std::optional<std::string>> content = control::read_file(path);
    if (!content) {
        std::string why = content.error().detail;
        if (why.starts_with(path + ": ")) why.erase(0, path.size() + 2);
        checking.found.add(if_unreadable, path, 0, concat("cannot be read: ", why),
                           "replace it by a readable file");
        return {};
    }
    if (!*content) return {};
    if (!checking.reader.may_read(path))
        checking.found.add(if_unreadable, path, 0,
                           concat(checking.reader.name(), " cannot read it"),
                           checking.reader.how_to_share(path));
    if ((*content)->find("\r\n") != std::string::npos && !path.ends_with(".pem"))
        checking.found.warning(path,
                               "its lines end in CR LF; other qmail programs take the CR as part "
                               "of the line",
                               concat("sed -i 's/\\r$//' ", path));
    return **content;
}

bool is_open_to_all(const std::string& path) {
    struct stat status;
    return ::stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

std::string fault_of_name(std::string_view name) {
    if (IpAddress::parse(name))
        return "is an address: only names of servers are looked up";
    const std::optional<dns::Domain> domain = dns::Domain::parse(name);
    if (!domain) return "is not a domain name: the file is never read";
    if (domain->ascii() != name)
        return concat(
            "is never looked up: names are lower-case A-labels without a trailing dot; "
            "rename it to ",
            domain->ascii());
    if (name.find('.') == std::string_view::npos)
        return "has no dot: only full names are looked up";
    return {};
}

// The rules of control/read_settings.
void check_hello_name(Checking& checking) {
    std::string path = "control/helohost";
    if (!is_there(path)) path = "control/me";
    if (!is_there(path)) {
        checking.found.error("control/me", "neither control/me nor control/helohost exists: all "
                                           "mail is deferred",
                             "write this host's full name into control/me");
        return;
    }
    const std::string content = read_checked(checking, path, Severity::error);
    const std::string_view name = trim_end(first_line(content));
    if (name.empty())
        checking.found.error(path, "the first line is empty: all mail is deferred",
                             "write this host's full name into it");
    else if (!routing::is_hello_name(name))
        checking.found.error(path, "the name contains a byte that is not printable ASCII: all "
                                   "mail is deferred",
                             "write this host's full name into it, in ASCII");
    else if (!name.starts_with('[') &&
             (!dns::Domain::parse(name) || name.find('.') == std::string_view::npos))
        checking.found.warning(path, "not a fully qualified domain name: many servers reject it in "
                                     "EHLO",
                               "write this host's full name, as in the PTR record of its address");
}

void check_numbers(Checking& checking) {
    for (const control::ControlFile& file : control::catalogue)
        if (file.kind == control::FileKind::seconds || file.kind == control::FileKind::bytes)
            check_number(checking, file);
}

void check_address_preference(Checking& checking) {
    const std::string path = "control/addresspreference";
    const std::string content = read_checked(checking, path, Severity::error);
    if (routing::family_choice_of(trim_end(first_line(content)))) return;
    checking.found.error(path, "not a known preference: all mail is deferred",
                         "write ipv4, ipv6, ipv4only or ipv6only, or remove the file");
}

void check_tables(Checking& checking) {
    constexpr std::size_t ipv6_table = 2048;
    check_table(checking, "queue/lock/tcpto", os::backoff::tcpto.largest_table());
    check_table(checking, "queue/lock/tcpto6", ipv6_table);
}

std::vector<Finding> check(const Reader& reader, LocalAddresses& local_addresses,
                           std::chrono::seconds now) {
    Checking checking{{}, reader, local_addresses, now, {}};
    if (!reader.can_tell())
        checking.found.note(
            "control",
            concat("what ", reader.name(), " may read was not checked: ",
                   reader.knows_user() ? "only root can check it" : "/etc/passwd has no such user"),
            reader.knows_user() ? "run tern check as root"
                                : "name the user that runs qmail-remote with "
                                  "--user");
    for (const char* const directory : {"control", "queue/lock"})
        if (!reader.may_enter(directory))
            checking.found.error(directory, concat(reader.name(), " cannot enter it"),
                                 concat("chmod a+x ", directory));
    check_hello_name(checking);
    check_numbers(checking);
    check_address_preference(checking);
    check_routes(checking);
    check_sources(checking);
    check_tls(checking);
    check_partial_tls(checking);
    check_foreign(checking);
    check_extensions(checking);
    check_names(checking);
    check_tables(checking);
    check_libraries(checking);
    // Anything else that defers all mail is reported too.
    const Result<routing::Settings> settings = control::read_settings("");
    const bool reported = std::ranges::any_of(checking.found.list(), [](const Finding& finding) {
        return finding.severity == Severity::error;
    });
    if (!settings && !reported) checking.found.error("control", settings.error().detail);
    std::vector<Finding> findings = checking.found.take();
    std::ranges::stable_sort(findings, [](const Finding& a, const Finding& b) {
        return a.file == b.file ? a.line < b.line : a.file < b.file;
    });
    return findings;
}

bool any_mistake(const std::vector<Finding>& findings) {
    return std::ranges::any_of(
        findings, [](const Finding& finding) { return finding.severity != Severity::note; });
}

}  // namespace tern::explain

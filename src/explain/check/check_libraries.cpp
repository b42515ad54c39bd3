// Whether the libraries inside the program that carries mail are older than what is installed here;
// see check_parts.hpp. An update of a library does not reach a static program by itself
// (SECURITY.md).
#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "base/build_info.hpp"
#include "base/text.hpp"
#include "explain/check/check_parts.hpp"
#include "explain/check/package_version.hpp"

namespace tern::explain {
namespace {

// The package that programs are linked from, and how the names of those begin that other programs
// load the same library from; releases append numbers to them.
struct Family {
    std::string_view package;
    std::string_view shared;
};
constexpr std::array<Family, 7> families = {{{"libssl-dev", "libssl3"},
                                             {"libc-ares-dev", "libcares2"},
                                             {"libidn2-dev", "libidn2-0"},
                                             {"libunistring-dev", "libunistring"},
                                             {"zlib1g-dev", "zlib1g"},
                                             {"libzstd-dev", "libzstd1"},
                                             {"libc6-dev", "libc6"}}};

bool belongs_to(const Family& family, std::string_view name) {
    if (name == family.package) return true;
    if (!name.starts_with(family.shared)) return false;
    const std::string_view rest = name.substr(family.shared.size());
    return rest.empty() || rest == "t64" ||
           (rest.size() == 1 && family.shared == "libunistring");
}

bool is_of_interest(std::string_view name) {
    return std::ranges::any_of(families,
                               [&](const Family& family) { return belongs_to(family, name); });
}

// The newest that is installed of a library's packages, where it is newer than what is inside.
const InstalledPackage* newer(const BuiltLibrary& library,
                              const std::vector<InstalledPackage>& installed) {
    const auto family = std::ranges::find(families, library.package, &Family::package);
    if (!library.inside || family == families.end()) return nullptr;
    const InstalledPackage* newest = nullptr;
    std::string_view beyond = library.version;
    for (const InstalledPackage& package : installed) {
        if (!belongs_to(*family, package.name)) continue;
        if (compare_versions(package.version, beyond) <= 0) continue;
        newest = &package;
        beyond = package.version;
    }
    return newest;
}

// Larger than any control file. Empty where it cannot be read: then nothing is reported.
std::string whole_file(const char* path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

std::string outdated_libraries(std::string_view mark, std::string_view dpkg_status) {
    const std::vector<InstalledPackage> installed =
        installed_packages(dpkg_status, is_of_interest);
    std::string listed;
    for (const BuiltLibrary& library : built_libraries(mark))
        if (const InstalledPackage* const package = newer(library, installed))
            listed += concat(listed.empty() ? "" : ", ", library.name, " ", library.version, " (",
                             package->name, " here is ", package->version, ")");
    return listed;
}

void check_libraries(Checking& checking) {
    const char* const path = "bin/qmail-remote";
    const std::string program = whole_file(path);
    const std::string_view mark = mark_in(program);
    if (mark.empty()) return;
    const std::string outdated = outdated_libraries(mark, whole_file("/var/lib/dpkg/status"));
    if (!outdated.empty())
        checking.found.warning(path,
                               concat("older libraries are inside than this host has: ", outdated),
                               "build again and drop in, in the source tree: scripts/build && "
                               "scripts/drop-in");
}

}  // namespace tern::explain

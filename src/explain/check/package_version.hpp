// Debian's versions of packages: which of two is newer, and which are installed here.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace tern::explain {

/// The order of dpkg (deb-version(7)): epoch, then upstream version, then revision; "~" sorts
/// before the end of a version.
[[nodiscard]] std::strong_ordering compare_versions(std::string_view a, std::string_view b);

struct InstalledPackage {
    std::string name;
    std::string version;

    friend bool operator==(const InstalledPackage&, const InstalledPackage&) = default;
};

/// The packages that are installed, of those for which `wanted` is true, by the text of dpkg's
/// status file (dpkg-query(1), FILES).
[[nodiscard]] std::vector<InstalledPackage> installed_packages(
    std::string_view dpkg_status, bool (*wanted)(std::string_view name));

}  // namespace tern::explain

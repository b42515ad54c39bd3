// Debian's order of versions, what is installed, and what follows for the libraries inside.
#include "explain/check/package_version.hpp"

#include <gtest/gtest.h>

#include "explain/check/check_parts.hpp"

namespace tern::explain {
namespace {

// Each is older than the next; deb-version(7), and versions that Debian 12 and 13 have had.
TEST(PackageVersions, AreOrderedAsDpkgOrdersThem) {
    const std::vector<std::string_view> rising = {
        "0.9",           "1.0~rc1",          "1.0~rc1-1",        "1.0",
        "1.0-1",         "1.0-1+b1",         "1.0-1.1",          "1.0-2",
        "1.0a-1",        "1.0+dfsg-1",       "1.9-1",            "1.18.1-3",
        "1.18.1-3+b2",   "1.34.5-1+deb13u1", "3.0.9-1",          "3.0.17-1~deb12u2",
        "3.0.17-1~deb12u10", "3.0.17-1",     "3.0.22-1~deb12u1", "3.5.1-1",
        "1:1.2.13.dfsg-1", "2:0.1"};
    for (std::size_t i = 0; i < rising.size(); ++i)
        for (std::size_t j = 0; j < rising.size(); ++j)
            EXPECT_EQ(compare_versions(rising[i], rising[j]) < 0, i < j)
                << rising[i] << " and " << rising[j];
    EXPECT_EQ(compare_versions("0:1.0", "1.00"), std::strong_ordering::equal);
    EXPECT_EQ(compare_versions("1.0-0", "1.0"), std::strong_ordering::equal);
}

constexpr std::string_view status =
    "Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\n"
    "Version: 3.0.22-1~deb12u1\nDescription: TLS\n Version: 9\n\n"
    "Package: libssl-dev\nStatus: deinstall ok config-files\nVersion: 4.0-1\n\n"
    "Package: libssl-doc\nStatus: install ok installed\nVersion: 5.0-1\n\n"
    "Package: libunistring5\nStatus: install ok installed\nVersion: 1.3-2\n\n"
    "Package: libcares2\nStatus: install ok installed\nVersion: 1.18.1-3\n";

TEST(PackageVersions, AreThoseOfWhatIsInstalled) {
    const std::vector<InstalledPackage> wanted = {{"libssl3", "3.0.22-1~deb12u1"},
                                                  {"libssl-doc", "5.0-1"}};
    EXPECT_EQ(installed_packages(status, [](std::string_view name) {
                  return name.starts_with("libssl");
              }),
              wanted);
    EXPECT_TRUE(installed_packages("", [](std::string_view) { return true; }).empty());
}

// SECURITY.md: an update of libssl does not reach the program by itself.
TEST(PackageVersions, TellWhichLibrariesInsideAreOutdated) {
    const std::string mark =
        "@(#) tern 1; commit x; OpenSSL 3.0.17-1~deb12u2 (libssl-dev); "
        "c-ares 1.18.1-3 (libc-ares-dev); libunistring 1.0-2 (libunistring-dev)";
    EXPECT_EQ(outdated_libraries(mark, status),
              "OpenSSL 3.0.17-1~deb12u2 (libssl3 here is 3.0.22-1~deb12u1), "
              "libunistring 1.0-2 (libunistring5 here is 1.3-2)");
    EXPECT_EQ(outdated_libraries("@(#) tern 1; OpenSSL 3.0.22-1~deb12u1 (libssl-dev)", status), "");
    EXPECT_EQ(outdated_libraries("@(#) tern 1; OpenSSL 3.0.1-1 (libssl-dev, shared)", status), "")
        << "a shared library is updated with the system";
    EXPECT_EQ(outdated_libraries(mark, ""), "");
}

}  // namespace
}  // namespace tern::explain

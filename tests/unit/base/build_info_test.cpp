// What a program's mark says of it.
#include "base/build_info.hpp"

#include <gtest/gtest.h>

namespace tern {
namespace {

constexpr std::string_view mark =
    "@(#) tern 0.1.0+git20261129.1.abc; commit abcdef012345; "
    "OpenSSL 3.0.17-1~deb12u2 (libssl-dev); c-ares 1.18.1-3 (libc-ares-dev, shared); "
    "libidn2 of unknown version (libidn2-dev)";

TEST(BuildInfo, IsDescribedInLines) {
    EXPECT_EQ(build_description("tern-sink", mark),
              "tern-sink 0.1.0+git20261129.1.abc\n"
              "commit abcdef012345\n"
              "OpenSSL 3.0.17-1~deb12u2 (libssl-dev)\n"
              "c-ares 1.18.1-3 (libc-ares-dev, shared)\n"
              "libidn2 of unknown version (libidn2-dev)");
    EXPECT_EQ(build_description("tern", "@(#) tern 0.1.0"), "tern 0.1.0");
}

TEST(BuildInfo, NamesTheLibraries) {
    const std::vector<BuiltLibrary> wanted = {
        {"OpenSSL", "3.0.17-1~deb12u2", "libssl-dev", true},
        {"c-ares", "1.18.1-3", "libc-ares-dev", false},
        {"libidn2", "of unknown version", "libidn2-dev", true}};
    EXPECT_EQ(built_libraries(mark), wanted);
    EXPECT_TRUE(built_libraries("").empty());
    EXPECT_TRUE(built_libraries("@(#) tern 0.1.0; commit x; y (; () ; z )(").empty());
}

TEST(BuildInfo, IsFoundWithinAProgram) {
    using namespace std::string_view_literals;
    EXPECT_EQ(mark_in("\177ELF\0@(#) tern 0.1.0; commit x\0rest"sv), "@(#) tern 0.1.0; commit x");
    EXPECT_EQ(mark_in("@(#) something else 1.0\0"sv), "");
}

}  // namespace
}  // namespace tern

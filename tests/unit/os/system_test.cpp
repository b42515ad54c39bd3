// The system's clock and randomness, and qmail's home.
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <set>
#include <vector>

#include "os/home.hpp"
#include "os/system_clock.hpp"
#include "os/system_random.hpp"

namespace tern::os {
namespace {

TEST(SystemClock, IsTheMonotonicOne) {
    timespec time{};
    ASSERT_EQ(::clock_gettime(CLOCK_MONOTONIC, &time), 0);
    const Time before(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
    const Time now = SystemClock().now();
    EXPECT_GE(now, before);
    EXPECT_LT(now - before, std::chrono::seconds(10));
}

TEST(SystemClock, KnowsTheDate) {
    const std::time_t now = std::time(nullptr);
    EXPECT_NEAR(static_cast<double>(SystemClock().since_epoch().count()),
                static_cast<double>(now), 10);
}

TEST(SystemRandom, StaysBelowItsBound) {
    SystemRandom random;
    EXPECT_EQ(random.below(1), 0U);
    for (const std::uint32_t bound : {2U, 3U, 32U, 1000U, 0x80000001U, 0xffffffffU})
        for (int i = 0; i < 500; ++i) ASSERT_LT(random.below(bound), bound);
}

TEST(SystemRandom, GivesEveryNumberAboutAsOften) {
    SystemRandom random;
    std::vector<int> seen(6);
    constexpr int rounds = 60'000;
    for (int i = 0; i < rounds; ++i) ++seen[random.below(6)];
    // 10,000 each, standard deviation 91: eleven of those are no coincidence.
    for (const int count : seen) EXPECT_NEAR(count, 10'000, 1000);
}

TEST(SystemRandom, TwoOfThemDiffer) {
    SystemRandom first;
    SystemRandom second;
    std::set<std::uint32_t> numbers;
    for (int i = 0; i < 100; ++i) {
        numbers.insert(first.below(0xffffffff));
        numbers.insert(second.below(0xffffffff));
    }
    EXPECT_GT(numbers.size(), 190U);
}

class HomeTest : public testing::Test {
protected:
    ~HomeTest() override { ::unsetenv("QMAILHOME"); }
};

TEST_F(HomeTest, IsWhatTheEnvironmentSays) {
    ::setenv("QMAILHOME", "/srv/qmail", 1);
    EXPECT_EQ(home_directory(), "/srv/qmail");
}

TEST_F(HomeTest, IsTheBuildsOtherwise) {
    ::unsetenv("QMAILHOME");
    EXPECT_EQ(home_directory(), "/var/qmail");
    ::setenv("QMAILHOME", "", 1);
    EXPECT_EQ(home_directory(), "/var/qmail");
}

TEST_F(HomeTest, IsNeverRelative) {
    for (const char* const path : {"qmail", "./qmail", "../var/qmail", " /var/qmail"}) {
        ::setenv("QMAILHOME", path, 1);
        const Result<std::string> home = home_directory();
        ASSERT_FALSE(home.has_value()) << path;
        EXPECT_EQ(home.error().cause, Cause::home);
        EXPECT_NE(home.error().detail.find("QMAILHOME"), std::string::npos);
    }
}

// contract.md#home: <home>/bin/<name>, where control/ beside bin decides later.
TEST(HomeOfProgram, IsTheDirectoryAboveBin) {
    EXPECT_EQ(home_of_program("/var/qmail/bin/qmail-remote"), "/var/qmail");
    EXPECT_EQ(home_of_program("/srv/q2/bin/qmail-remote.orig"), "/srv/q2");
    EXPECT_EQ(home_of_program("/srv/q2/bin/qmail-remote (deleted)"), "/srv/q2");
    EXPECT_EQ(home_of_program("/usr/bin/tern"), "/usr");
    EXPECT_EQ(home_of_program("/bin/qmail-remote"), "/");
}

TEST(HomeOfProgram, IsNoOtherPlace) {
    for (const char* const path :
         {"", "/", "qmail-remote", "bin/qmail-remote", "/qmail-remote", "/var/qmail/bin/",
          "/var/qmail/sbin/qmail-remote", "/usr/lib/tern/bin/x/qmail-remote",
          "/var/qmail/robin/qmail-remote", "/memfd:qmail-remote (deleted)"})
        EXPECT_EQ(home_of_program(path), std::nullopt) << path;
}

}  // namespace
}  // namespace tern::os

// Which addresses are ours, compared with what the kernel shows in other ways.
#include "os/local_addresses.hpp"

#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <fstream>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "support/sockets.hpp"

namespace tern::os {
namespace {

bool ours(std::string_view address) {
    return LocalAddresses().is_ourselves(*IpAddress::parse(address)).value();
}

// By getifaddrs(3), which asks in another way.
std::vector<IpAddress> addresses_of_interfaces() {
    ifaddrs* first = nullptr;
    test::must(::getifaddrs(&first), "getifaddrs");
    std::vector<IpAddress> addresses;
    for (const ifaddrs* each = first; each != nullptr; each = each->ifa_next) {
        if (each->ifa_addr == nullptr) continue;
        std::array<std::uint8_t, 4> ipv4{};
        std::array<std::uint8_t, 16> ipv6{};
        if (each->ifa_addr->sa_family == AF_INET) {
            sockaddr_in address{};
            std::memcpy(&address, each->ifa_addr, sizeof address);
            std::memcpy(ipv4.data(), &address.sin_addr, ipv4.size());
            addresses.push_back(IpAddress::ipv4(ipv4));
        } else if (each->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 address{};
            std::memcpy(&address, each->ifa_addr, sizeof address);
            std::memcpy(ipv6.data(), &address.sin6_addr, ipv6.size());
            addresses.push_back(IpAddress::ipv6(ipv6));
        }
    }
    ::freeifaddrs(first);
    return addresses;
}

// In a network namespace of its own: `number` addresses of each family, all ours.
[[noreturn]] void own_many(int number) {
    const uid_t user = ::geteuid();
    bool good = ::unshare(user == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) == 0;
    if (user != 0) std::ofstream("/proc/self/uid_map") << "0 " << user << " 1";
    FILE* const ip = ::popen("ip -batch -", "w");
    for (int i = 1; i <= number; ++i)
        std::fprintf(ip, "addr add 192.0.2.%d/32 dev lo\naddr add 2001:db8::%x/128 dev lo\n", i, i);
    good = good && ::pclose(ip) == 0;
    const std::vector<IpAddress> addresses = addresses_of_interfaces();
    good = good && addresses.size() == 2 * static_cast<std::size_t>(number);
    LocalAddresses local;
    for (const IpAddress& address : addresses)
        good = good && local.is_ourselves(address).value();
    good = good && !local.is_ourselves(*IpAddress::parse("192.0.2.255")).value() &&
           !local.is_ourselves(*IpAddress::parse("2001:db8::ffff")).value();
    std::_Exit(good ? 0 : 1);
}

TEST(LocalAddresses, OurselvesWithoutAnyInterface) {
    for (const std::string_view address :
         {"0.0.0.0", "::", "::1", "127.0.0.1", "127.255.0.9", "::ffff:127.0.0.1"})
        EXPECT_TRUE(ours(address)) << address;
}

TEST(LocalAddresses, EveryInterfacesAddressIsOurs) {
    const std::vector<IpAddress> addresses = addresses_of_interfaces();
    ASSERT_FALSE(addresses.empty()) << "loopback at least has one";
    LocalAddresses local;
    for (const IpAddress& address : addresses)
        EXPECT_TRUE(local.is_ourselves(address).value()) << address.to_string();
}

// More than fit in one answer of the kernel.
TEST(LocalAddresses, ManyAreOurs) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    for (const int number : {1, 31, 32, 33, 254})
        EXPECT_EXIT(own_many(number), testing::ExitedWithCode(0), "") << number;
}

TEST(LocalAddresses, OthersAreNot) {
    for (const std::string_view address :
         {"192.0.2.1", "198.51.100.25", "2001:db8::1", "::2", "::ffff:192.0.2.1", "8.8.8.8"})
        EXPECT_FALSE(ours(address)) << address;
}

TEST(LocalAddresses, AsksTheKernelOnce) {
    LocalAddresses local;
    const IpAddress other = *IpAddress::parse("192.0.2.1");
    ASSERT_FALSE(local.is_ourselves(other).value());
    // Without descriptors the interfaces could not be listed again.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    const Result<bool> again = local.is_ourselves(other);
    LocalAddresses fresh;
    const Result<bool> loopback = fresh.is_ourselves(*IpAddress::parse("127.0.0.1"));
    const Result<bool> unknown = fresh.is_ourselves(other);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(again, false);
    EXPECT_EQ(loopback, true) << "needs no list";
    ASSERT_FALSE(unknown.has_value());
    EXPECT_EQ(unknown.error().cause, Cause::resources);
    EXPECT_EQ(fresh.is_ourselves(other), false) << "the trouble has passed";
}

}  // namespace
}  // namespace tern::os

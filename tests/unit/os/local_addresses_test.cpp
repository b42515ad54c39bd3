// Which addresses are ours, compared with what the kernel tells by other ways.
#include "os/local_addresses.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#include <array>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "support/sockets.hpp"

namespace tern::os {
namespace {

bool ours(std::string_view address) {
    return LocalAddresses().is_ourselves(*IpAddress::parse(address)).value();
}

// SIOCGIFCONF, the way before getifaddrs(3).
std::vector<IpAddress> ipv4_addresses() {
    const Descriptor socket(test::must(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket"));
    std::array<ifreq, 64> interfaces{};
    ifconf list{};
    list.ifc_len = sizeof interfaces;
    list.ifc_req = interfaces.data();
    test::must(::ioctl(socket.get(), SIOCGIFCONF, &list), "SIOCGIFCONF");
    std::vector<IpAddress> addresses;
    for (std::size_t i = 0; i < static_cast<std::size_t>(list.ifc_len) / sizeof(ifreq); ++i) {
        sockaddr_in address{};
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(&address, &interfaces[i].ifr_addr, sizeof address);
        std::memcpy(bytes.data(), &address.sin_addr, bytes.size());
        addresses.push_back(IpAddress::ipv4(bytes));
    }
    return addresses;
}

// Lines of 32 hexadecimal digits and more.
std::vector<IpAddress> ipv6_addresses() {
    std::vector<IpAddress> addresses;
    std::ifstream file("/proc/net/if_inet6");
    for (std::string line; std::getline(file, line);) {
        std::array<std::uint8_t, 16> bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i)
            bytes[i] = static_cast<std::uint8_t>(std::stoul(line.substr(2 * i, 2), nullptr, 16));
        addresses.push_back(IpAddress::ipv6(bytes));
    }
    return addresses;
}

TEST(LocalAddresses, OurselvesWithoutAnyInterface) {
    for (const std::string_view address :
         {"0.0.0.0", "::", "::1", "127.0.0.1", "127.255.0.9", "::ffff:127.0.0.1"})
        EXPECT_TRUE(ours(address)) << address;
}

TEST(LocalAddresses, EveryInterfacesAddressIsOurs) {
    std::vector<IpAddress> addresses = ipv4_addresses();
    ASSERT_FALSE(addresses.empty()) << "loopback at least has one";
    for (const IpAddress& address : ipv6_addresses()) addresses.push_back(address);
    LocalAddresses local;
    for (const IpAddress& address : addresses)
        EXPECT_TRUE(local.is_ourselves(address).value()) << address.to_string();
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

// Addresses of all interfaces, from getifaddrs(3); see local_addresses.hpp.
#include "os/local_addresses.hpp"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/text.hpp"
#include "os/error_words.hpp"

namespace tern::os {
namespace {

std::optional<IpAddress> address_of(const sockaddr* address) {
    if (address == nullptr) return std::nullopt;  // an interface without one, as some tunnels are
    if (address->sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::array<std::uint8_t, 4> bytes{};
        std::memcpy(&ipv4, address, sizeof ipv4);
        std::memcpy(bytes.data(), &ipv4.sin_addr, bytes.size());
        return IpAddress::ipv4(bytes);
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 ipv6{};
        std::array<std::uint8_t, 16> bytes{};
        std::memcpy(&ipv6, address, sizeof ipv6);
        std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
        return IpAddress::ipv6(bytes);
    }
    return std::nullopt;
}

Result<std::vector<IpAddress>> list_interfaces() {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) {
        const int error = errno;
        return fail(Stage::routing, Cause::resources,
                    text("unable to list this host's network interfaces: ", error_words(error)));
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list(first, &::freeifaddrs);
    std::vector<IpAddress> addresses;
    for (const ifaddrs* one = list.get(); one != nullptr; one = one->ifa_next)
        if (const auto address = address_of(one->ifa_addr)) addresses.push_back(*address);
    return addresses;
}

}  // namespace

Result<bool> LocalAddresses::is_ourselves(const IpAddress& address) {
    if (address.is_loopback_or_unspecified()) return true;
    if (!listed_) {
        Result<std::vector<IpAddress>> listed = list_interfaces();
        if (!listed) return tl::unexpected<Failure>(std::move(listed.error()));
        listed_ = std::move(*listed);
    }
    return std::ranges::find(*listed_, address) != listed_->end();
}

}  // namespace tern::os
